"""What people see, in Converse.js in a real browser, on the demo page that `make run` serves."""
