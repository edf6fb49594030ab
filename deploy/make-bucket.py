"""Makes the bucket named by S3_BUCKET if it isn't there, and with DIRECT_UPLOADS lets the site's pages send to it.

For the service `migrate` in docker-compose.yml.
"""

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError


def secret(name: str) -> str:
    """From NAME, or from the file named by NAME_FILE."""
    return os.environ.get(name) or Path(os.environ[f"{name}_FILE"]).read_text().strip()


bucket = os.environ["S3_BUCKET"]
if not bucket:
    print("S3_BUCKET is empty: files lie on the disk.")
    sys.exit()
client = boto3.client(
    "s3",
    endpoint_url=os.environ.get("S3_ENDPOINT_URL") or None,
    region_name=os.environ.get("S3_REGION") or "us-east-1",
    aws_access_key_id=secret("S3_ACCESS_KEY"),
    aws_secret_access_key=secret("S3_SECRET_KEY"),
)
try:
    client.head_bucket(Bucket=bucket)
    print(f"The bucket {bucket} is there.")
except ClientError as error:
    if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
        raise
    client.create_bucket(Bucket=bucket)
    print(f"Made the bucket {bucket}.")
if os.environ.get("DIRECT_UPLOADS", "").strip().lower() in ("1", "true", "yes", "on"):
    site = urlsplit(os.environ["SITE_URL"])
    origin = f"{site.scheme}://{site.netloc}"
    rule = {"AllowedOrigins": [origin], "AllowedMethods": ["POST"], "AllowedHeaders": ["*"]}
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    print(f"Pages of {origin} may send files to it.")
