"""What several machines share: a database and a bucket, as real servers that live as long as the tests."""
