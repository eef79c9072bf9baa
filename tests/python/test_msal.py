"""msal, unchanged, signs people in, and PyJWT checks what it got."""

import unittest

import msal

from emulator import (
    AUTHORITY,
    CLIENT_ID,
    SCOPE,
    TENANT_ID,
    USERS,
    Session,
    adfs_metadata,
    at_the_browser,
    checked,
    checked_access_token,
    metadata,
)
from person import Person


def application(tenant="organizations", client_id=CLIENT_ID, **options):
    return msal.PublicClientApplication(
        client_id,
        authority=f"{AUTHORITY}/{tenant}",
        instance_discovery=False,
        http_client=Session(),
        **options,
    )


class Tokens(unittest.TestCase):
    def check(self, reply, name):
        self.assertNotIn("error", reply, reply.get("error_description"))
        user = USERS[name]
        claims = checked_access_token(reply["access_token"])
        self.assertEqual(claims["upn"], user["username"])
        self.assertEqual(claims["oid"], user["object_id"])
        issuer = metadata(TENANT_ID)["issuer"]
        claims = checked(reply["id_token"], CLIENT_ID, issuer)
        self.assertEqual(claims["preferred_username"], user["username"])
        # The issuer of many tenants is a template.
        template = metadata("organizations")["issuer"]
        self.assertEqual(template.replace("{tenantid}", claims["tid"]), issuer)

    def test_by_browser(self):
        app = application()
        with at_the_browser("morgan"):
            reply = app.acquire_token_interactive([SCOPE], timeout=60, prompt="select_account")
        self.check(reply, "morgan")
        self.assertEqual(reply["token_source"], "identity_provider")

    def test_by_device_code(self):
        app = application()
        flow = app.initiate_device_flow([SCOPE])
        Person(USERS["adele"]).sign_in(flow["verification_uri"], flow["user_code"])
        self.check(app.acquire_token_by_device_flow(flow), "adele")

    def test_by_password(self):
        user = USERS["adele"]
        app = application(TENANT_ID)
        reply = app.acquire_token_by_username_password(
            user["username"], user["password"], scopes=[SCOPE]
        )
        self.check(reply, "adele")

    def test_by_federated_password(self):
        for name in ["avery", "blake"]:
            user = USERS[name]
            reply = application(TENANT_ID).acquire_token_by_username_password(
                user["username"], user["password"], scopes=[SCOPE]
            )
            self.check(reply, name)

    def test_a_policy_is_told_by_its_claims(self):
        user = USERS["finley"]
        reply = application(TENANT_ID).acquire_token_by_username_password(
            user["username"], user["password"], scopes=["https://vault.azure.net/.default"]
        )
        self.assertEqual(reply["error"], "interaction_required")
        self.assertIn("polids", reply["claims"])

    def test_silently_from_a_cache_that_was_written_and_read(self):
        cache = msal.SerializableTokenCache()
        user = USERS["adele"]
        application(TENANT_ID, token_cache=cache).acquire_token_by_username_password(
            user["username"], user["password"], scopes=[SCOPE]
        )
        again = msal.SerializableTokenCache()
        again.deserialize(cache.serialize())
        app = application(TENANT_ID, token_cache=again)
        (account,) = app.get_accounts()
        self.assertEqual(account["username"], user["username"])
        reply = app.acquire_token_silent_with_error([SCOPE], account)
        self.assertEqual(reply["token_source"], "cache")
        reply = app.acquire_token_silent_with_error([SCOPE], account, force_refresh=True)
        self.assertEqual(reply["token_source"], "identity_provider")
        self.check(reply, "adele")

    def test_a_member_of_the_family_uses_the_others_refresh_token(self):
        cache = msal.SerializableTokenCache()
        user = USERS["adele"]
        application(TENANT_ID, token_cache=cache).acquire_token_by_username_password(
            user["username"], user["password"], scopes=[SCOPE]
        )
        for client_id, succeeds in [
            ("aebc6443-996d-45c2-90f0-388ff96faa56", True),
            ("11112222-bbbb-3333-cccc-4444dddd5555", False),
        ]:
            with self.subTest(client_id):
                app = application(TENANT_ID, client_id, token_cache=cache)
                (account,) = app.get_accounts()
                reply = app.acquire_token_silent_with_error([SCOPE], account)
                self.assertEqual("access_token" in (reply or {}), succeeds, reply)

    def test_an_application_that_asks_for_its_own_resource(self):
        app = application(TENANT_ID)
        resource = "22223333-cccc-4444-dddd-5555eeee6666"
        with at_the_browser("adele"):
            reply = app.acquire_token_interactive([f"api://{resource}/Expenses.Read"], timeout=60)
        claims = checked(reply["access_token"], resource, metadata(TENANT_ID)["issuer"])
        self.assertEqual(claims["scp"], "Expenses.Read")
        self.assertEqual(claims["ver"], "2.0")


class OtherKinds(unittest.TestCase):
    """msal tells AD FS and B2C by the address, and asks Microsoft about neither."""

    def application(self, path, **options):
        authority = f"{AUTHORITY}/{path}"
        return msal.PublicClientApplication(
            CLIENT_ID, authority=authority, http_client=Session(), **options
        )

    def test_adfs(self):
        cache = msal.SerializableTokenCache()
        app = self.application("adfs", token_cache=cache)
        flow = app.initiate_device_flow([SCOPE])
        user = USERS["adele"]
        Person(user).sign_in(flow["verification_uri"], flow["user_code"])
        reply = app.acquire_token_by_device_flow(flow)
        self.assertNotIn("error", reply, reply.get("error_description"))
        claims = checked(reply["id_token"], CLIENT_ID, adfs_metadata()["issuer"])
        self.assertEqual(claims["upn"], user["username"])
        self.assertNotIn("tid", claims)
        (account,) = app.get_accounts()
        self.assertEqual(account["home_account_id"], claims["sub"])
        self.assertEqual(account["realm"], "adfs")
        (entry,) = cache.find(cache.CredentialType.ACCOUNT)
        self.assertEqual(entry["authority_type"], "ADFS")
        again = app.acquire_token_silent_with_error([SCOPE], account)
        self.assertIn("access_token", again)

    def test_b2c(self):
        policy = "contoso.onmicrosoft.com/B2C_1_SignIn"
        app = self.application(policy)
        with at_the_browser("adele"):
            reply = app.acquire_token_interactive([SCOPE], timeout=60)
        self.assertNotIn("error", reply, reply.get("error_description"))
        claims = checked(reply["id_token"], CLIENT_ID, metadata(policy)["issuer"])
        self.assertEqual(claims["tfp"], "b2c_1_signin")
        (account,) = app.get_accounts()
        user = f"{USERS['adele']['object_id']}-b2c_1_signin"
        self.assertEqual(account["home_account_id"], f"{user}.{TENANT_ID}")
        again = app.acquire_token_silent_with_error([SCOPE], account, force_refresh=True)
        self.assertEqual(again["token_source"], "identity_provider")


if __name__ == "__main__":
    unittest.main()
