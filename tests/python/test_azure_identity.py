"""azure-identity, unchanged, signs people in."""

import unittest

from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import (
    AuthenticationRecord,
    AuthenticationRequiredError,
    DeviceCodeCredential,
    InteractiveBrowserCredential,
    TokenCachePersistenceOptions,
    UsernamePasswordCredential,
)

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
    me,
)
from person import Person

LOCAL = {"authority": AUTHORITY, "disable_instance_discovery": True}


class Browser(unittest.TestCase):
    def sign_in(self, name, **options):
        with at_the_browser(name):
            credential = InteractiveBrowserCredential(timeout=60, **LOCAL, **options)
            return credential, credential.authenticate(scopes=[SCOPE])

    def test_each_person_signs_in(self):
        for name in ["adele", "morgan", "casey"]:
            with self.subTest(name):
                credential, record = self.sign_in(name)
                self.assertEqual(record.username, USERS[name]["username"])
                self.assertEqual(record.tenant_id, TENANT_ID)
                self.assertTrue(record.home_account_id.endswith("." + TENANT_ID))
                token = credential.get_token(SCOPE)
                self.assertEqual(checked_access_token(token.token)["upn"], record.username)
                self.assertEqual(me(token.token)["username"], record.username)

    def test_a_guest_signs_in_to_the_tenant_that_invited_them(self):
        credential, record = self.sign_in("gale", tenant_id="contoso.example")
        claims = checked_access_token(credential.get_token(SCOPE).token)
        self.assertEqual(claims["tid"], TENANT_ID)
        self.assertEqual(record.home_account_id.split(".")[1], USERS["gale"]["tenant_id"])
        self.assertNotEqual(record.home_account_id.split(".")[0], claims["oid"])

    def test_the_second_call_asks_nobody(self):
        credential, _ = self.sign_in("adele")
        first = credential.get_token(SCOPE)
        self.assertEqual(credential.get_token(SCOPE).token, first.token)
        # Another resource: a refresh token is redeemed.
        vault = credential.get_token("https://vault.azure.net/.default")
        self.assertNotEqual(vault.token, first.token)

    def test_a_new_credential_finds_the_sign_in_in_the_cache(self):
        cache = TokenCachePersistenceOptions(name="emulator", allow_unencrypted_storage=True)
        _, record = self.sign_in("adele", cache_persistence_options=cache)
        # azure-identity takes no authority with a port from a record, unless it has its scheme.
        text = record.serialize().replace('"localhost:', '"https://localhost:')
        record = AuthenticationRecord.deserialize(text)
        again = InteractiveBrowserCredential(
            authentication_record=record,
            cache_persistence_options=cache,
            disable_automatic_authentication=True,
            disable_instance_discovery=True,  # The authority is the record's.
        )
        checked_access_token(again.get_token(SCOPE).token)
        other = InteractiveBrowserCredential(disable_automatic_authentication=True, **LOCAL)
        with self.assertRaises(AuthenticationRequiredError):
            other.get_token(SCOPE)

    def test_tokens_that_can_be_revoked(self):
        with at_the_browser("adele"):
            credential = InteractiveBrowserCredential(timeout=60, **LOCAL)
            token = credential.get_token(SCOPE, enable_cae=True)
        self.assertEqual(checked_access_token(token.token)["xms_cc"], ["cp1"])

    def test_a_person_declines(self):
        with at_the_browser("adele", declines=True):
            credential = InteractiveBrowserCredential(timeout=60, **LOCAL)
            with self.assertRaises(ClientAuthenticationError) as caught:
                credential.get_token(SCOPE)
        self.assertIn("AADSTS65004", str(caught.exception))


class DeviceCode(unittest.TestCase):
    def sign_in(self, name, declines=False):
        def prompt(uri, user_code, _):
            Person(USERS[name], declines).sign_in(uri, user_code)

        credential = DeviceCodeCredential(prompt_callback=prompt, timeout=60, **LOCAL)
        return credential, credential.authenticate(scopes=[SCOPE])

    def test_each_person_signs_in(self):
        for name in ["adele", "morgan", "casey"]:
            with self.subTest(name):
                credential, record = self.sign_in(name)
                self.assertEqual(record.username, USERS[name]["username"])
                token = credential.get_token(SCOPE)
                self.assertEqual(checked_access_token(token.token)["upn"], record.username)
                self.assertEqual(credential.get_token(SCOPE).token, token.token)

    def test_a_person_declines(self):
        with self.assertRaises(ClientAuthenticationError) as caught:
            self.sign_in("adele", declines=True)
        self.assertIn("denied", str(caught.exception))


class Password(unittest.TestCase):
    def credential(self, name, password=None):
        user = USERS[name]
        return UsernamePasswordCredential(
            CLIENT_ID,
            user["username"],
            password or user["password"],
            tenant_id=TENANT_ID,
            transport=RequestsTransport(session=Session()),
            **LOCAL,
        )

    def test_a_managed_account_signs_in(self):
        token = self.credential("adele").get_token(SCOPE)
        self.assertEqual(checked_access_token(token.token)["upn"], USERS["adele"]["username"])

    def test_federated_accounts_sign_in_at_their_own_servers(self):
        # One speaks WS-Trust 1.3 and writes SAML 1.1, the other 2005 and SAML 2.0.
        for name in ["avery", "blake"]:
            with self.subTest(name):
                credential = self.credential(name)
                token = credential.get_token(SCOPE)
                self.assertEqual(
                    checked_access_token(token.token)["upn"], USERS[name]["username"]
                )
                self.assertEqual(credential.get_token(SCOPE).token, token.token)

    def test_what_needs_the_person_is_refused(self):
        # Nobody consents to this one by browser, as other tests do to the usual one.
        scope = "https://storage.azure.com/.default"
        for name, password, number in [
            ("adele", "wrong", "AADSTS50126"),
            ("morgan", None, "AADSTS50076"),
            ("casey", None, "AADSTS65001"),
            ("dana", None, "AADSTS50057"),
            ("ellis", None, "AADSTS50055"),
            ("harper", None, "AADSTS50053"),
            ("riley", None, "AADSTS50034"),
        ]:
            with self.subTest(name):
                with self.assertRaises(ClientAuthenticationError) as caught:
                    self.credential(name, password).get_token(scope)
                self.assertIn(number, str(caught.exception))


class Adfs(unittest.TestCase):
    """An authority of this kind is trusted without Microsoft's instance discovery."""

    ADFS = {"authority": AUTHORITY, "tenant_id": "adfs"}

    def check(self, token):
        issuer = adfs_metadata()["access_token_issuer"]
        claims = checked(token.token, "https://management.azure.com", issuer)
        self.assertEqual(claims["upn"], USERS["adele"]["username"])

    def test_a_person_signs_in_by_device_code(self):
        def prompt(uri, user_code, _):
            self.assertEqual(uri, f"{AUTHORITY}/adfs/oauth2/deviceauth")
            Person(USERS["adele"]).sign_in(uri, user_code)

        credential = DeviceCodeCredential(prompt_callback=prompt, timeout=60, **self.ADFS)
        record = credential.authenticate(scopes=[SCOPE])
        self.assertEqual(record.tenant_id, "adfs")
        self.assertEqual(record.username, USERS["adele"]["username"])
        self.assertNotIn(".", record.home_account_id)
        silent = DeviceCodeCredential(
            authentication_record=AuthenticationRecord.deserialize(
                record.serialize().replace('"localhost:', '"https://localhost:')
            ),
            disable_automatic_authentication=True,
            _cache=credential._cache,
        )
        self.check(silent.get_token(SCOPE))

    def test_a_password_signs_in(self):
        def credential(password):
            user = USERS["adele"]["username"]
            return UsernamePasswordCredential(CLIENT_ID, user, password, **self.ADFS)

        self.check(credential(USERS["adele"]["password"]).get_token(SCOPE))
        with self.assertRaises(ClientAuthenticationError) as caught:
            credential("wrong").get_token(SCOPE)
        self.assertIn("MSIS9659", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
