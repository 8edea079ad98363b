"""What the services say to each other: events, the words in them, and who says and hears what."""
