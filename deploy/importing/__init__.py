"""`banso import`: reads what an old helpdesk left behind, and brings it in through the API."""
