"""A program on azure-identity that keeps its cache where all such programs do.

    peer.py sign-in SCOPE        prints the record
    peer.py token SCOPE RECORD   prints the token; asks nobody
"""

import os
import sys

from azure.identity import (
    AuthenticationRecord,
    DeviceCodeCredential,
    TokenCachePersistenceOptions,
)

from emulator import AUTHORITY, USERS
from person import Person

CACHE = TokenCachePersistenceOptions(allow_unencrypted_storage=True)


def sign_in(scope):
    def prompt(uri, user_code, _):
        Person(USERS["adele"]).sign_in(uri, user_code)

    credential = DeviceCodeCredential(
        prompt_callback=prompt,
        cache_persistence_options=CACHE,
        authority=AUTHORITY,
        tenant_id=os.environ.get("DOORKEY_PEER_TENANT"),
        disable_instance_discovery=True,
    )
    return credential.authenticate(scopes=[scope]).serialize()


def token(scope, record):
    # azure-identity takes no authority with a port from a record, unless it has its scheme.
    record = record.replace('"localhost:', '"https://localhost:')
    credential = DeviceCodeCredential(
        authentication_record=AuthenticationRecord.deserialize(record),
        cache_persistence_options=CACHE,
        disable_automatic_authentication=True,
        disable_instance_discovery=True,
    )
    return credential.get_token(scope).token


if __name__ == "__main__":
    verb, *arguments = sys.argv[1:]
    print({"sign-in": sign_in, "token": token}[verb](*arguments))
