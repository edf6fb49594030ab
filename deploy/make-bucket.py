"""Makes the bucket named by S3_BUCKET if it isn't there. For the service `migrate` in docker-compose.yml."""

import os

import boto3
from botocore.exceptions import ClientError

client = boto3.client(
    "s3",
    endpoint_url=os.environ.get("S3_ENDPOINT_URL") or None,
    region_name=os.environ.get("S3_REGION") or "us-east-1",
    aws_access_key_id=os.environ["S3_ACCESS_KEY"],
    aws_secret_access_key=os.environ["S3_SECRET_KEY"],
)
bucket = os.environ["S3_BUCKET"]
try:
    client.head_bucket(Bucket=bucket)
    print(f"The bucket {bucket} is there.")
except ClientError as error:
    if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
        raise
    client.create_bucket(Bucket=bucket)
    print(f"Made the bucket {bucket}.")
