"""The demo project: made by really running programs and really extracting documents."""
