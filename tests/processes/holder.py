"""Holds the lock of a cache as msal-extensions does, until stdin ends; reads before, writes after.

    holder.py CACHE KIND
"""

import json
import os
import sys

from msal_extensions import cache_lock, filelock

path, kind = sys.argv[1:]
lock = {"default": filelock.CrossPlatLock, "portalocker": cache_lock.CrossPlatLock}[kind]
with lock(path + ".lockfile"):
    document = {"RefreshToken": {}}
    if os.path.exists(path):
        with open(path) as file:
            document = json.load(file)
    print("held", flush=True)
    sys.stdin.read()
    document["RefreshToken"][kind] = {"secret": kind}
    with open(path, "w") as file:
        json.dump(document, file)
