"""What previews show of formats with a structure of their own: one file a format, prepared for its template."""
