"""What the figures would have said about an old helpdesk (`banso backtest`)."""
