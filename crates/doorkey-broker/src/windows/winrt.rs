//! The calls to Windows, and nothing else: the only file here with `unsafe`.

use super::{
    messages::{
        Failure, PromptType, Properties, ProviderError, TokenAnswer, TokenRequest, TokenResponse,
        WebAccount,
    },
    operation::completed,
    system::{Console, FoundAccount, FoundAccounts, FoundProvider, System},
};
use ::windows::{
    Security::{
        Authentication::Web::Core::{
            WebAuthenticationCoreManager, WebProviderError, WebTokenRequest,
            WebTokenRequestPromptType, WebTokenRequestResult,
        },
        Credentials::{WebAccount as Account, WebAccountProvider},
    },
    Win32::{
        Foundation::HWND,
        System::{
            Com::CoIncrementMTAUsage, Console::GetConsoleWindow,
            WinRT::IWebAuthenticationCoreManagerInterop,
        },
        UI::WindowsAndMessaging::{
            GA_ROOTOWNER, GetAncestor, GetForegroundWindow, GetShellWindow, IsWindowVisible,
        },
    },
    core::{Error, HSTRING, factory},
};
use async_trait::async_trait;
use azure_core::credentials::Secret;
use std::{num::NonZeroIsize, sync::Once};
use windows_future::IAsyncOperation;

type Result<T, E = Error> = std::result::Result<T, E>;

/// This Windows. Nothing is called before it is asked.
#[derive(Debug)]
pub(super) struct WinRt;

/// Has a thread that chose no apartment be in the multithreaded one.
pub(super) fn enter_apartment() {
    static ENTERED: Once = Once::new();
    ENTERED.call_once(|| {
        #[expect(unsafe_code, reason = "calls to the system")]
        // SAFETY: there is no condition. The apartment is never left, as its objects may be in use for
        // as long as the program runs; where there is none, each call says so.
        let _ = unsafe { CoIncrementMTAUsage() };
    });
}

#[async_trait]
impl System for WinRt {
    type Provider = WebAccountProvider;
    type Account = Account;

    async fn find_provider(
        &self,
        id: &str,
        authority: Option<&str>,
    ) -> Result<Option<FoundProvider<Self::Provider>>, Failure> {
        let id = HSTRING::from(id);
        let operation = match authority {
            Some(authority) => WebAuthenticationCoreManager::FindAccountProviderWithAuthorityAsync(
                &id,
                &HSTRING::from(authority),
            ),
            None => WebAuthenticationCoreManager::FindAccountProviderAsync(&id),
        };
        let Some(provider) = found(completed(operation).await)? else {
            return Ok(None);
        };
        let authority = provider.Authority().unwrap_or_default().to_string();
        Ok(Some(FoundProvider {
            provider,
            authority,
        }))
    }

    async fn find_account(
        &self,
        provider: &Self::Provider,
        id: &str,
    ) -> Result<Option<FoundAccount<Self::Account>>, Failure> {
        let id = HSTRING::from(id);
        let operation = WebAuthenticationCoreManager::FindAccountAsync(provider, &id);
        let account = found(completed(operation).await)?;
        Ok(account.map(described).transpose()?)
    }

    async fn find_all_accounts(
        &self,
        provider: &Self::Provider,
        client_id: &str,
    ) -> Result<FoundAccounts<Self::Account>, Failure> {
        let client_id = HSTRING::from(client_id);
        let operation =
            WebAuthenticationCoreManager::FindAllAccountsWithClientIdAsync(provider, &client_id);
        let result = completed(operation).await?;
        let accounts = match found(result.Accounts())? {
            Some(accounts) => accounts
                .into_iter()
                .map(described)
                .collect::<Result<Vec<_>>>()?,
            None => Vec::new(),
        };
        Ok(FoundAccounts {
            status: result.Status()?.0.into(),
            accounts,
            error: error(result.ProviderError()),
        })
    }

    async fn token_silently(
        &self,
        provider: &Self::Provider,
        request: &TokenRequest,
        account: Option<&Self::Account>,
    ) -> Result<TokenAnswer, Failure> {
        // In a block, as a request may not be held across an await.
        let operation = {
            let request = web_token_request(provider, request)?;
            match account {
                Some(account) => WebAuthenticationCoreManager::GetTokenSilentlyWithWebAccountAsync(
                    &request, account,
                ),
                None => WebAuthenticationCoreManager::GetTokenSilentlyAsync(&request),
            }
        };
        Ok(answer(&completed(operation).await?)?)
    }

    async fn token_for_window(
        &self,
        window: NonZeroIsize,
        provider: &Self::Provider,
        request: &TokenRequest,
        account: Option<&Self::Account>,
    ) -> Result<TokenAnswer, Failure> {
        let operation = {
            let request = web_token_request(provider, request)?;
            in_front_of(window, &request, account)
        };
        Ok(answer(&completed(operation).await?)?)
    }

    async fn sign_out(&self, account: &Self::Account, client_id: &str) -> Result<(), Failure> {
        let client_id = HSTRING::from(client_id);
        Ok(completed(account.SignOutWithClientIdAsync(&client_id)).await?)
    }

    fn console(&self) -> Console {
        #[expect(unsafe_code, reason = "calls to the system")]
        // SAFETY: none has any condition; a handle is a number, and 0 where there is none.
        let window = unsafe {
            if GetShellWindow().is_invalid() {
                return Console::NoDesktop;
            }
            let console = GetConsoleWindow();
            if console.is_invalid() {
                return Console::None;
            }
            // A console in a terminal's tab has a window that is never seen. It is owned by the
            // terminal's, but where a terminal does not say so, it is the one that is typed in.
            let owner = GetAncestor(console, GA_ROOTOWNER);
            let seen = [owner, console, GetForegroundWindow()];
            let is_seen = |window: &HWND| IsWindowVisible(*window).as_bool();
            seen.into_iter().find(is_seen).unwrap_or(console)
        };
        NonZeroIsize::new(window.0 as isize).map_or(Console::None, Console::Window)
    }
}

/// In front of which a person is asked for a program that they see elsewhere, such as in WSL: where this
/// one has a console, as for it; else what they have before them.
pub(crate) fn window_in_front() -> Option<NonZeroIsize> {
    match WinRt.console() {
        Console::Window(window) => Some(window),
        Console::NoDesktop => None,
        Console::None => {
            #[expect(unsafe_code, reason = "a call to the system")]
            // SAFETY: it has no condition; a handle is a number, and 0 where there is none.
            let foreground = unsafe { GetForegroundWindow() };
            NonZeroIsize::new(foreground.0 as isize)
        }
    }
}

fn in_front_of(
    window: NonZeroIsize,
    request: &WebTokenRequest,
    account: Option<&Account>,
) -> Result<IAsyncOperation<WebTokenRequestResult>> {
    let manager = factory::<WebAuthenticationCoreManager, IWebAuthenticationCoreManagerInterop>()?;
    let window = HWND(window.get() as *mut _);
    #[expect(unsafe_code, reason = "calls to the system")]
    // SAFETY: Windows checks the handle, which is a number to it; request and account live until the
    // call has returned, and it holds on to them itself; the result's interface is the one that is
    // documented for both.
    unsafe {
        match account {
            Some(account) => {
                manager.RequestTokenWithWebAccountForWindowAsync(window, request, account)
            }
            None => manager.RequestTokenForWindowAsync(window, request),
        }
    }
}

fn web_token_request(
    provider: &WebAccountProvider,
    request: &TokenRequest,
) -> Result<WebTokenRequest> {
    let prompt = match request.prompt {
        PromptType::Default => WebTokenRequestPromptType::Default,
        PromptType::ForceAuthentication => WebTokenRequestPromptType::ForceAuthentication,
    };
    let written = WebTokenRequest::CreateWithPromptType(
        provider,
        &HSTRING::from(&request.scope),
        &HSTRING::from(&request.client_id),
        prompt,
    )?;
    let properties = written.Properties()?;
    for (name, value) in &request.properties {
        properties.Insert(&HSTRING::from(name), &HSTRING::from(value))?;
    }
    let correlation_id = HSTRING::from(&request.correlation_id);
    if written.SetCorrelationId(&correlation_id).is_err() {
        // Windows before 1803.
        properties.Insert(&HSTRING::from("correlationId"), &correlation_id)?;
    }
    Ok(written)
}

fn answer(result: &WebTokenRequestResult) -> Result<TokenAnswer> {
    let responses = result.ResponseData().ok();
    let response = match responses.and_then(|responses| responses.into_iter().next()) {
        Some(response) => Some(TokenResponse {
            token: Secret::new(response.Token()?.to_string()),
            properties: response
                .Properties()?
                .into_iter()
                .map(|pair| Ok((pair.Key()?.to_string(), pair.Value()?.to_string())))
                .collect::<Result<_>>()?,
            account: match found(response.WebAccount())? {
                Some(account) => Some(described(account)?.written),
                None => None,
            },
        }),
        None => None,
    };
    Ok(TokenAnswer {
        status: result.ResponseStatus()?.0.into(),
        response,
        error: error(result.ResponseError()),
    })
}

fn described(account: Account) -> Result<FoundAccount<Account>> {
    let properties = account.Properties()?;
    let properties: Properties = properties
        .into_iter()
        .map(|pair| Ok((pair.Key()?.to_string(), pair.Value()?.to_string())))
        .collect::<Result<_>>()?;
    let written = WebAccount {
        id: account.Id()?.to_string(),
        username: account.UserName()?.to_string(),
        properties,
    };
    Ok(FoundAccount { account, written })
}

/// A null pointer, which is how Windows says that there is none, comes as an error without a code.
fn found<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.code().is_ok() => Ok(None),
        Err(error) => Err(error),
    }
}

fn error(error: Result<WebProviderError>) -> Option<ProviderError> {
    let error = error.ok()?;
    Some(ProviderError {
        code: error.ErrorCode().unwrap_or_default(),
        message: error.ErrorMessage().unwrap_or_default().to_string(),
    })
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            code: error.code().0.cast_unsigned(),
            message: error.message(),
        }
    }
}
