"""How the site does: for machines that watch it, and for the people who run it."""
