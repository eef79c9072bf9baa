//! The requests to macOS, and nothing else.

use super::{
    application,
    delegate::Delegate,
    messages::{Authorization, Availability, Failure, Interface, Program},
    system::{Progress, System},
};
use dispatch2::DispatchQueue;
use objc2::{AnyThread, MainThreadMarker, available, rc::Retained, runtime::ProtocolObject};
use objc2_authentication_services::{
    ASAuthorizationController, ASAuthorizationSingleSignOnProvider,
    ASAuthorizationSingleSignOnRequest,
};
use objc2_foundation::{NSArray, NSBundle, NSString, NSURL, NSURLQueryItem};
use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};
use tokio::sync::{mpsc::UnboundedSender, oneshot};

/// Whose extension is meant. It serves Microsoft's other clouds, too.
const IDENTITY_PROVIDER: &str = "https://login.microsoftonline.com/common";

/// This Mac. Nothing is called before it is asked.
#[derive(Clone, Debug)]
pub(super) struct AuthenticationServices;

impl System for AuthenticationServices {
    type Call = Call;

    fn program(&self) -> Program {
        let bundle = NSBundle::mainBundle();
        let member = |name| {
            let value = bundle.objectForInfoDictionaryKey(&NSString::from_str(name))?;
            Some(value.downcast_ref::<NSString>()?.to_string())
        };
        Program {
            bundle_id: bundle.bundleIdentifier().map(|id| id.to_string()),
            name: member("CFBundleName"),
            version: member("CFBundleShortVersionString"),
        }
    }

    fn availability(&self) -> oneshot::Receiver<Availability> {
        let (sender, receiver) = oneshot::channel();
        // Nobody joins it, so that one which hangs does not hold up the program's end; without a thread
        // there is no answer.
        let _ = thread::Builder::new()
            .name("doorkey-broker".to_owned())
            .spawn(|| sender.send(availability()));
        receiver
    }

    fn perform(&self, authorization: Authorization, progress: UnboundedSender<Progress>) -> Call {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let is_over = Arc::new(AtomicBool::new(false));
        let call = Call {
            number,
            is_over: is_over.clone(),
        };
        DispatchQueue::main().exec_async(move || {
            // Nobody waits for it any more.
            if is_over.load(Ordering::Acquire) {
                return;
            }
            if let Some(main) = MainThreadMarker::new() {
                begin(number, &authorization, progress, main);
            }
        });
        call
    }

    fn is_on_main_thread(&self) -> bool {
        MainThreadMarker::new().is_some()
    }

    fn turn_main_loop(&self) {
        if let Some(main) = MainThreadMarker::new() {
            application::turn(main);
        }
    }
}

thread_local! {
    /// The requests that run; the main thread's alone is ever filled.
    static RUNNING: RefCell<HashMap<u64, Running>> = RefCell::default();
}

struct Running {
    controller: Retained<ASAuthorizationController>,
    /// The controller holds it weakly.
    _delegate: Retained<Delegate>,
}

/// Names a request of the main thread's from any thread.
pub(super) struct Call {
    number: u64,
    is_over: Arc<AtomicBool>,
}

impl Drop for Call {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        let number = self.number;
        if MainThreadMarker::new().is_some() {
            end(number);
        } else {
            DispatchQueue::main().exec_async(move || end(number));
        }
    }
}

fn begin(
    number: u64,
    authorization: &Authorization,
    progress: UnboundedSender<Progress>,
    main: MainThreadMarker,
) {
    let anchor = match authorization.interface {
        Interface::Disabled => None,
        Interface::Enabled(window) => match application::anchor(window, main) {
            None => {
                let _ = progress.send(Progress::Done(Err(Failure::NoSuchWindow)));
                return;
            }
            anchor => anchor,
        },
    };
    let Some(request) = request(authorization) else {
        return;
    };
    let _ = progress.send(Progress::Begun);
    let requests = NSArray::from_retained_slice(&[request.into_super().into_super()]);
    let has_interface = anchor.is_some();
    let delegate = Delegate::new(progress, anchor, main);
    let controller = ASAuthorizationController::alloc();
    #[expect(unsafe_code, reason = "calls to the system")]
    // SAFETY: on the main thread; both properties are weak, and what they name lives in `RUNNING` for as
    // long as the controller does.
    let controller = unsafe {
        let controller =
            ASAuthorizationController::initWithAuthorizationRequests(controller, &requests);
        controller.setDelegate(Some(ProtocolObject::from_ref(&*delegate)));
        if has_interface {
            controller.setPresentationContextProvider(Some(ProtocolObject::from_ref(&*delegate)));
        }
        controller
    };
    let running = Running {
        controller: controller.clone(),
        _delegate: delegate,
    };
    RUNNING.with_borrow_mut(|all| all.insert(number, running));
    #[expect(unsafe_code, reason = "calls to the system")]
    // SAFETY: on the main thread.
    unsafe {
        controller.performRequests();
    }
}

/// On the main thread. Of one that is over, nothing is left to be cancelled.
fn end(number: u64) {
    // The borrow ends before the call, which may come back here.
    let running = RUNNING.try_with(|all| all.borrow_mut().remove(&number));
    if let Ok(Some(running)) = running
        && available!(macos = 13.0)
    {
        #[expect(unsafe_code, reason = "calls to the system")]
        // SAFETY: on the main thread, of a macOS that has it.
        unsafe {
            running.controller.cancel();
        }
    }
}

fn availability() -> Availability {
    if !available!(macos = 10.15) {
        return Availability::TooOld;
    }
    let Some(provider) = provider() else {
        return Availability::NoExtension;
    };
    #[expect(unsafe_code, reason = "calls to the system")]
    // SAFETY: a property without conditions.
    let is_ready = unsafe { provider.canPerformAuthorization() };
    if is_ready {
        Availability::Ready
    } else {
        Availability::NoExtension
    }
}

fn provider() -> Option<Retained<ASAuthorizationSingleSignOnProvider>> {
    let url = NSURL::URLWithString(&NSString::from_str(IDENTITY_PROVIDER))?;
    #[expect(unsafe_code, reason = "calls to the system")]
    // SAFETY: any URL will do.
    let provider = unsafe {
        ASAuthorizationSingleSignOnProvider::authorizationProviderWithIdentityProviderURL(&url)
    };
    Some(provider)
}

fn request(authorization: &Authorization) -> Option<Retained<ASAuthorizationSingleSignOnRequest>> {
    let options: Vec<_> = authorization
        .options
        .iter()
        .map(|(name, value)| {
            let (name, value) = (NSString::from_str(name), NSString::from_str(value));
            NSURLQueryItem::queryItemWithName_value(&name, Some(&value))
        })
        .collect();
    let options = NSArray::from_retained_slice(&options);
    let provider = provider()?;
    #[expect(unsafe_code, reason = "calls to the system")]
    // SAFETY: properties of a request that nobody else has, in a macOS that has them.
    unsafe {
        let request = provider.createRequest();
        request.setRequestedOperation(&NSString::from_str(authorization.operation));
        request.setAuthorizationOptions(&options);
        if available!(macos = 12.0) {
            request.setUserInterfaceEnabled(authorization.interface != Interface::Disabled);
        }
        Some(request)
    }
}
