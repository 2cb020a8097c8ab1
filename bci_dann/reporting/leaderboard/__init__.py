"""A static leaderboard: runs in one table that any web server can hold."""
