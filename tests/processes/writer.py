"""Writes to a cache as short programs on msal-extensions do: a new cache object for each write.

    writer.py CACHE COUNT PREFIX
"""

import sys

from msal_extensions import FilePersistence, PersistedTokenCache, filelock, token_cache
from msal_extensions.filelock import LockError

# What is used without `portalocker`, which is there for another test.
token_cache.CrossPlatLock = filelock.CrossPlatLock

path, count, prefix = sys.argv[1], int(sys.argv[2]), sys.argv[3]
locked_out = 0
for number in range(count):
    entry = {
        "home_account_id": f"{prefix}-{number}",
        "environment": "login.example",
        "client_id": "client",
        "target": "",
        "secret": f"{prefix}-{number}",
    }
    for _ in range(50):
        try:
            PersistedTokenCache(FilePersistence(path)).modify("RefreshToken", entry, entry)
            break
        except LockError:
            locked_out += 1
    else:
        sys.exit("locked out for ever")
print(locked_out)
