use super::super::{
    messages::{AccountsStatus, Failure, ProviderError, TokenStatus},
    refusal::{self, Asked},
};
use super::*;
use doorkey::{Broker as _, BrokerSilentRequest, ErrorKind};

const SILENTLY: Asked = Asked {
    is_named: false,
    is_person: false,
    is_console: false,
};

fn provider_error(code: u32, message: &str, asked: Asked) -> doorkey::Error {
    let error = ProviderError {
        code,
        message: message.into(),
    };
    refusal::of_status(TokenStatus::ProviderError, Some(&error), asked)
}

#[test]
fn every_status_means_something() {
    use ErrorKind::{
        AuthenticationRequired, CredentialUnavailable, Declined, Protocol, Refused, WrongAccount,
    };
    for (number, is_named, kind, words) in [
        (1, false, Declined, "cancelled"),
        (2, true, WrongAccount, "another account"),
        (2, false, AuthenticationRequired, "AccountSwitch"),
        (3, false, AuthenticationRequired, "authenticate"),
        (4, false, CredentialUnavailable, "by the browser"),
        (5, false, Refused, "redirect URI"),
        (6, false, Protocol, "status 6"),
        (-1, true, Protocol, "status -1"),
    ] {
        let asked = Asked {
            is_named,
            ..SILENTLY
        };
        let error = refusal::of_status(TokenStatus::from(number), None, asked);
        assert_eq!(error.kind(), kind, "{number}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().contains(';'), "no next step: {error}");
    }
    assert_eq!(TokenStatus::from(0), TokenStatus::Success);
    for (number, is_refused) in [(0, false), (1, false), (2, false), (3, true), (4, true)] {
        let error = refusal::of_accounts(AccountsStatus::from(number), None);
        assert_eq!(error.is_some(), is_refused, "{number}");
    }
}

#[test]
fn what_a_plugin_says_is_understood_by_its_number() {
    use ErrorKind::{AuthenticationRequired, CredentialUnavailable, Network, Refused};
    for (code, kind, words) in [
        (0xCAA1_0001, AuthenticationRequired, "0xCAA10001"),
        (0xCAA2_000C, AuthenticationRequired, "0xCAA2000C"),
        (0xCAA2_0003, AuthenticationRequired, "0xCAA20003"),
        (0xCAA2_0004, Refused, "0xCAA20004"),
        (0xCAA2_0005, Network, "0xCAA20005"),
        (0xCAA3_0194, Network, "0xCAA30194"),
        (0xCAA7_0007, Network, "0xCAA70007"),
        (0xCAA8_2EE2, Network, "0xCAA82EE2"),
        (0x8007_2EFD, Network, "0x80072EFD"),
        (0x8007_04CF, Network, "0x800704CF"),
        (0x8007_04C7, CredentialUnavailable, "0x800704C7"),
        (0xCAA2_0008, Network, "has a fault"),
        (0xCAA2_0009, Refused, "redirect URI"),
        (0xCAA9_0003, AuthenticationRequired, "session is over"),
        // Of personal accounts.
        (0x8086_0003, Refused, "may not use this application"),
        (0x8086_0005, AuthenticationRequired, "account.microsoft.com"),
        (0x8086_0006, AuthenticationRequired, "0x80860006"),
        (0x8086_0007, AuthenticationRequired, "locked"),
        (0x8086_000B, Refused, "blocked"),
        (0x8086_000C, AuthenticationRequired, "0x8086000C"),
        (0x8086_0010, Network, "too busy"),
        // Of Windows, by a plugin's mouth: an elevated shell, another user, no Explorer, a TPM.
        (0x8007_0520, CredentialUnavailable, "somebody else"),
        (0x8007_0490, CredentialUnavailable, "by the browser"),
        (0x8004_0154, CredentialUnavailable, "Explorer"),
        (0x8009_0016, CredentialUnavailable, "TPM"),
        (0x8009_0030, CredentialUnavailable, "TPM"),
        (0x8007_0525, AuthenticationRequired, "no such account"),
        // Windows' own, and not what an authority says: reported for MSAL.NET, without a meaning.
        (0x8008_0300, CredentialUnavailable, "by the browser"),
        // But for those of personal accounts.
        (0x8004_8823, Refused, "redirect URI"),
        (0x8086_0008, Refused, "redirect URI"),
        // Not AADSTS5, which is none.
        (5, Refused, "0x00000005"),
        (50011, Refused, "AADSTS50011 “text of the plugin”"),
        (7_000_218, Refused, "AADSTS7000218"),
        (0, Refused, "0x00000000"),
    ] {
        let error = provider_error(code, "text\r\n of  the\tplugin", SILENTLY);
        assert_eq!(error.kind(), kind, "{code:#X}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().contains("text of the plugin"), "{error}");
    }
}

#[test]
fn the_authoritys_numbers_are_handed_on() {
    for (code, message, codes) in [
        (50011, "", [50011].as_slice()),
        (
            50011,
            "AADSTS50011: no; AADSTS7000218: neither",
            &[50011, 7_000_218],
        ),
        (0xCAA2_0003, "AADSTS50076: more is needed", &[50076]),
        (0xCAA2_0003, "AADSTS", &[]),
        (0xCAA2_0003, "AADSTSé AADSTS99999999999999999999", &[]),
        (0, "", &[]),
        (5, "", &[]),
    ] {
        let error = provider_error(code, message, SILENTLY);
        let found = error.oauth().map_or(&[] as &[u64], |oauth| &oauth.codes);
        assert_eq!(found, codes, "{code} {message}");
    }
}

#[test]
fn a_call_that_fails_is_no_broker_unless_it_says_more() {
    use ErrorKind::{CredentialUnavailable, InvalidArgument, Network};
    for (code, kind, words) in [
        (0x8004_0154, CredentialUnavailable, "Server Core"),
        (0x8007_06BA, CredentialUnavailable, "does not answer"),
        (0x8007_06BE, CredentialUnavailable, "does not answer"),
        (0x8001_0108, CredentialUnavailable, "does not answer"),
        (0x8008_0005, CredentialUnavailable, "does not start"),
        (0x8007_0422, CredentialUnavailable, "disabled"),
        (
            0x8007_0005,
            CredentialUnavailable,
            "signed in to the desktop",
        ),
        (0x8007_0520, CredentialUnavailable, "nobody is signed in"),
        (0x8000_4002, CredentialUnavailable, "too old"),
        (0x8000_FFFF, CredentialUnavailable, "0x8000FFFF"),
        (0x8007_0578, InvalidArgument, "no such window"),
        (0x8007_0057, InvalidArgument, "parent_window"),
        (0x8000_4004, CredentialUnavailable, "by the browser"),
        (0x8007_2EE7, Network, "network"),
    ] {
        let failure = Failure {
            code,
            message: String::new(),
        };
        let error = refusal::of_failure(&failure, SILENTLY);
        assert_eq!(error.kind(), kind, "{code:#X}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_long_text_is_cut() {
    let error = provider_error(1, &"é".repeat(10_000), SILENTLY);
    assert!(error.to_string().chars().count() < 800, "{error}");
}

#[test]
fn nobody_declines_who_was_not_asked() {
    let asked = Asked {
        is_person: true,
        ..SILENTLY
    };
    for code in [0x8000_4004, 0x8007_04C7, 0xCAA2_0004] {
        let failure = Failure {
            code,
            message: String::new(),
        };
        for error in [
            refusal::of_failure(&failure, asked),
            provider_error(code, "", asked),
        ] {
            assert_eq!(error.kind(), ErrorKind::Declined, "{code:#X}");
            assert!(error.to_string().contains("as administrator"), "{error}");
        }
        for error in [
            refusal::of_failure(&failure, SILENTLY),
            provider_error(code, "", SILENTLY),
        ] {
            assert_ne!(error.kind(), ErrorKind::Declined, "{code:#X}");
        }
    }
}

#[test]
fn who_has_just_been_asked_is_not_sent_to_be_asked_again() {
    let asked = Asked {
        is_person: true,
        ..SILENTLY
    };
    let status = TokenStatus::UserInteractionRequired;
    for error in [
        provider_error(0xCAA2_000C, "AADSTS50158: external", asked),
        provider_error(0xCAA2_0003, "AADSTS500341: deleted", asked),
        refusal::of_status(status, None, asked),
    ] {
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        assert!(!error.to_string().contains("authenticate"), "{error}");
        assert!(error.to_string().contains("by the browser"), "{error}");
    }
}

#[tokio::test]
async fn a_refusal_reaches_the_caller() {
    let request = BrokerSilentRequest::new(application("organizations"), account(), Vec::new());
    for (answer, kind) in [
        (
            TokenStatus::UserInteractionRequired,
            ErrorKind::AuthenticationRequired,
        ),
        (TokenStatus::AccountSwitch, ErrorKind::WrongAccount),
        // With neither token nor error.
        (TokenStatus::Success, ErrorKind::Protocol),
    ] {
        let system = Recorder::answering([status(answer)]).knowing([written()]);
        let error = system.wam().acquire_silently(&request).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{answer:?}");
    }
    let system = Recorder::default();
    let error = system.wam().acquire_silently(&request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
    assert!(error.to_string().contains("ada@contoso.com"), "{error}");
}
