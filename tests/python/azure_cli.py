"""The calls of msal that the Azure CLI makes, and the files that it leaves.

    azure_cli.py login      signs in, asks for a tenant's token, and writes the profile
    azure_cli.py rewrite    writes its token cache over and over, until stdin ends
"""

import json
import os
import sys
import threading
from pathlib import Path

from msal import PublicClientApplication
from msal_extensions import CrossPlatLock, FilePersistence, PersistedTokenCache

from emulator import AUTHORITY, CLIENT_ID, TENANT_ID, USERS
from person import Person

FOLDER = Path(os.environ["AZURE_CONFIG_DIR"])
SCOPES = ["https://management.core.windows.net//.default"]
PERSISTENCE = FilePersistence(str(FOLDER / "msal_token_cache.json"))


def application(tenant):
    return PublicClientApplication(
        CLIENT_ID,
        authority=f"{AUTHORITY}/{tenant}",
        token_cache=PersistedTokenCache(PERSISTENCE),
        instance_discovery=False,
        client_capabilities=["CP1"],
        enable_pii_log=True,
    )


def login():
    user = USERS["adele"]
    first = application("organizations")
    flow = first.initiate_device_flow(SCOPES)
    Person(user).sign_in(flow["verification_uri"], flow["user_code"])
    result = first.acquire_token_by_device_flow(flow)
    assert "access_token" in result, result
    # For each tenant whose subscriptions it lists.
    tenant = application(TENANT_ID)
    (account,) = tenant.get_accounts(user["username"])
    result = tenant.acquire_token_silent_with_error(SCOPES, account)
    assert "access_token" in result, result
    profile = {
        "installationId": "an-id",
        "subscriptions": [
            {
                "id": "a-subscription",
                "name": "A subscription",
                "state": "Enabled",
                "user": {"name": user["username"], "type": "user"},
                "isDefault": True,
                "tenantId": TENANT_ID,
                "environmentName": "Local",
                "homeTenantId": TENANT_ID,
                "managedByTenants": [],
            }
        ],
    }
    (FOLDER / "azureProfile.json").write_text(json.dumps(profile), encoding="utf-8-sig")
    (FOLDER / "config").write_text("[cloud]\nname = Local\n\n[core]\ninstance_discovery = false\n")
    (FOLDER / "clouds.config").write_text(f"[Local]\nendpoint_active_directory = {AUTHORITY}\n")
    print(result["access_token"])


def rewrite():
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    content = PERSISTENCE.load()
    count = 0
    while not ended.is_set():
        with CrossPlatLock(PERSISTENCE.get_location() + ".lockfile"):
            PERSISTENCE.save(content)
        count += 1
        if count == 1:
            print("writing", flush=True)
    print(count)


if __name__ == "__main__":
    {"login": login, "rewrite": rewrite}[sys.argv[1]]()
