"""What a trial asks for, and whether flow and clinic show it."""
