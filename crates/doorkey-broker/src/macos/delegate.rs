//! Who hears the answers, and what is read of them.

use super::{
    messages::{Failure, Reply, SystemError},
    system::Progress,
};
use objc2::{
    DefinedClass, MainThreadMarker, MainThreadOnly, Message, define_class, msg_send,
    rc::Retained,
    runtime::{AnyObject, NSObject, NSObjectProtocol},
};
use objc2_app_kit::NSWindow;
use objc2_authentication_services::{
    ASAuthorization, ASAuthorizationController, ASAuthorizationControllerDelegate,
    ASAuthorizationControllerPresentationContextProviding, ASAuthorizationSingleSignOnCredential,
};
use objc2_foundation::{
    NSArray, NSDictionary, NSError, NSJSONSerialization, NSJSONWritingOptions, NSString,
    NSUnderlyingErrorKey,
};
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::sync::mpsc::UnboundedSender;

/// What a [`Delegate`] has.
pub(super) struct Told {
    progress: UnboundedSender<Progress>,
    anchor: Option<Retained<NSWindow>>,
}

define_class!(
    // SAFETY: `NSObject` has no conditions, and there is no `Drop`; the methods have the types that
    // the protocols give them, and are called on the main thread.
    #[unsafe(super(NSObject))]
    #[thread_kind = MainThreadOnly]
    #[ivars = Told]
    pub(super) struct Delegate;

    unsafe impl NSObjectProtocol for Delegate {}

    unsafe impl ASAuthorizationControllerDelegate for Delegate {
        #[unsafe(method(authorizationController:didCompleteWithAuthorization:))]
        fn did_complete_with_authorization(
            &self,
            _: &ASAuthorizationController,
            authorization: &ASAuthorization,
        ) {
            self.finish(reply(authorization));
        }

        #[unsafe(method(authorizationController:didCompleteWithError:))]
        fn did_complete_with_error(&self, _: &ASAuthorizationController, error: &NSError) {
            self.finish(Err(Failure::Error(system_error(error, DEEPEST))));
        }
    }

    unsafe impl ASAuthorizationControllerPresentationContextProviding for Delegate {
        #[unsafe(method_id(presentationAnchorForAuthorizationController:))]
        fn presentation_anchor(&self, _: &ASAuthorizationController) -> Option<Retained<NSWindow>> {
            self.ivars().anchor.clone()
        }
    }
);

impl Delegate {
    pub(super) fn new(
        progress: UnboundedSender<Progress>,
        anchor: Option<Retained<NSWindow>>,
        main: MainThreadMarker,
    ) -> Retained<Self> {
        let delegate = Self::alloc(main).set_ivars(Told { progress, anchor });
        #[expect(unsafe_code, reason = "calls to the system")]
        // SAFETY: `NSObject`'s own `init`.
        unsafe {
            msg_send![super(delegate), init]
        }
    }

    fn finish(&self, answer: Result<Reply, Failure>) {
        // Nobody may wait for it any more.
        let _ = self.ivars().progress.send(Progress::Done(answer));
    }
}

fn reply(authorization: &ASAuthorization) -> Result<Reply, Failure> {
    #[expect(unsafe_code, reason = "calls to the system")]
    // SAFETY: properties without conditions.
    let response = unsafe {
        let credential = authorization.credential();
        let credential: &AnyObject = (*credential).as_ref();
        credential
            .downcast_ref::<ASAuthorizationSingleSignOnCredential>()
            .ok_or(Failure::Unanswered)?
            .authenticatedResponse()
    };
    let name = |name: &AnyObject| Some(name.downcast_ref::<NSString>()?.to_string());
    let fields = response.map(|response| members(&response.allHeaderFields(), name));
    Ok(Reply::new(fields.unwrap_or_default()))
}

/// An error within an error within …
const DEEPEST: usize = 4;

fn system_error(error: &NSError, depth: usize) -> SystemError {
    let details = error.userInfo();
    #[expect(unsafe_code, reason = "calls to the system")]
    // SAFETY: a constant of the system.
    let underlying = details.objectForKey(unsafe { NSUnderlyingErrorKey });
    let underlying = underlying.and_then(|within| within.downcast::<NSError>().ok());
    let underlying = underlying.filter(|_| depth > 0);
    SystemError {
        domain: error.domain().to_string(),
        code: error.code() as i64,
        message: error.localizedDescription().to_string(),
        details: members(&details, |name| Some(name.to_string())),
        underlying: underlying.map(|within| Box::new(system_error(&within, depth - 1))),
    }
}

/// What of a dictionary is plain data.
fn members<K: Message>(
    dictionary: &NSDictionary<K>,
    name: impl Fn(&K) -> Option<String>,
) -> BTreeMap<String, Value> {
    let (names, values) = dictionary.to_vecs();
    let members = names.iter().zip(&values);
    let members = members.filter_map(|(key, value)| Some((name(key)?, plain(value)?)));
    members.collect()
}

/// A text, a number, a list or a map of such.
fn plain(value: &AnyObject) -> Option<Value> {
    // What can stand in JSON cannot always be all of it.
    let whole = NSArray::from_slice(&[value]);
    #[expect(unsafe_code, reason = "calls to the system")]
    // SAFETY: the first takes any object, the second what the first found to be JSON.
    let json = unsafe {
        if !NSJSONSerialization::isValidJSONObject(&whole) {
            return None;
        }
        let none = NSJSONWritingOptions::empty();
        NSJSONSerialization::dataWithJSONObject_options_error(&whole, none).ok()?
    };
    let mut whole: Vec<Value> = serde_json::from_slice(&json.to_vec()).ok()?;
    whole.pop()
}
