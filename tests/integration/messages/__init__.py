"""Scripts of *X sends, Y receives* on a real ejabberd, for the rules about messages."""
