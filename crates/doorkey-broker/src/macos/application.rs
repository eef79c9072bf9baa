//! The main thread's event loop, and the program's windows.

use objc2::{
    MainThreadMarker, MainThreadOnly,
    rc::{Retained, autoreleasepool},
};
use objc2_app_kit::{
    NSApplication, NSApplicationActivationPolicy, NSBackingStoreType, NSEvent, NSEventMask,
    NSWindow, NSWindowStyleMask,
};
use objc2_core_foundation::{CFRunLoop, CFRunLoopRunResult, kCFRunLoopDefaultMode};
use objc2_foundation::{NSDefaultRunLoopMode, NSPoint, NSRect, NSSize};
use std::{cell::Cell, iter, num::NonZeroIsize};

/// As much at a time as nobody notices who waits on the same thread.
const MOST_AT_ONCE: usize = 100;

thread_local! {
    /// Whether there is a window, and nobody who hands it its events.
    static IS_OURS: Cell<bool> = const { Cell::new(false) };
}

/// Does what waits for the main thread, without waiting for more.
pub(super) fn turn(main: MainThreadMarker) {
    autoreleasepool(|_| {
        let is_ours = IS_OURS
            .get()
            .then(|| NSApplication::sharedApplication(main));
        if let Some(application) = is_ours.filter(|application| !application.isRunning()) {
            let events = iter::from_fn(|| next_event(&application));
            for event in events.take(MOST_AT_ONCE) {
                application.sendEvent(&event);
            }
        }
        #[expect(unsafe_code, reason = "calls to the system")]
        // SAFETY: a constant of the system.
        let mode = unsafe { kCFRunLoopDefaultMode };
        let has_more = |_: &usize| {
            CFRunLoop::run_in_mode(mode, 0.0, true) == CFRunLoopRunResult::HandledSource
        };
        (0..MOST_AT_ONCE).take_while(has_more).count();
    });
}

/// The window in front of which a person is asked. `None` is that of a number that no window has.
pub(super) fn anchor(
    window: Option<NonZeroIsize>,
    main: MainThreadMarker,
) -> Option<Retained<NSWindow>> {
    let application = NSApplication::sharedApplication(main);
    let is_new = !application.isRunning() && !IS_OURS.replace(true);
    if let Some(window) = window {
        return application.windowWithWindowNumber(window.get());
    }
    if is_new {
        show(&application);
    }
    let open = application.keyWindow().or_else(|| application.mainWindow());
    Some(open.unwrap_or_else(|| unseen_window(main)))
}

/// Lets a console's program have windows.
fn show(application: &NSApplication) {
    if application.activationPolicy() == NSApplicationActivationPolicy::Prohibited {
        application.setActivationPolicy(NSApplicationActivationPolicy::Accessory);
    }
    application.finishLaunching();
    #[expect(deprecated, reason = "what replaces it is of macOS 14")]
    application.activateIgnoringOtherApps(true);
}

/// A console's program has none, and the framework wants one.
fn unseen_window(main: MainThreadMarker) -> Retained<NSWindow> {
    #[expect(unsafe_code, reason = "calls to the system")]
    // SAFETY: on the main thread; nobody but us releases it.
    unsafe {
        let window = NSWindow::initWithContentRect_styleMask_backing_defer(
            NSWindow::alloc(main),
            NSRect::new(NSPoint::ZERO, NSSize::new(1.0, 1.0)),
            NSWindowStyleMask::Borderless,
            NSBackingStoreType::Buffered,
            false,
        );
        window.setReleasedWhenClosed(false);
        window.center();
        window
    }
}

fn next_event(application: &NSApplication) -> Option<Retained<NSEvent>> {
    #[expect(unsafe_code, reason = "calls to the system")]
    // SAFETY: a constant of the system.
    let mode = unsafe { NSDefaultRunLoopMode };
    application.nextEventMatchingMask_untilDate_inMode_dequeue(NSEventMask::Any, None, mode, true)
}
