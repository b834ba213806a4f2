"""What tests are written with: XMPP clients that follow a script, and a real ejabberd."""
