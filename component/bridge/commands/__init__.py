"""The commands of the service, one class a file. ``listed`` says which there are."""
