"""What a setting may be, in words, where its type does not say it well."""

ALLOWED = {
    "renditions": "a list of aac128, aac64, aac256, flac and opus96, separated by commas in the variable",
    "live_renditions": "a list of aac128, aac64, flac, opus96 and mp3, separated by commas in the variable",
    "origins": 'a list of "*" or origins such as "https://example.org", separated by commas in the variable',
    "trusted_proxies": "a list of networks such as 10.0.0.0/8, separated by commas in the variable",
    "chat_limits": "a list of limits such as pins_per_room=5, separated by commas in the variable",
    "database_url": "sqlite:///path, postgresql://..., or empty",
    "store_url": "file:, file:///folder, or s3://bucket or s3://bucket/prefix",
    "redis_url": "redis://..., rediss://..., or empty",
    "secret": "16 characters or more (32 or more are advised), or empty",
}
