"""Backup and restore: all rows and all files in one tar file, whatever the database and the storage are.

A backup of SQLite restores into PostgreSQL, one of a disk into a bucket, one of an older release into a newer site.
"""
