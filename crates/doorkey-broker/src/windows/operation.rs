//! An asynchronous operation of Windows, which is cancelled where nobody waits for it any more.

use ::windows::core::{Result, RuntimeType};
use windows_future::{IAsyncAction, IAsyncOperation};

/// The result, without blocking the thread that waits: Windows wakes it.
pub(super) async fn completed<O, T>(operation: Result<O>) -> Result<T>
where
    O: Cancel + Clone + IntoFuture<Output = Result<T>>,
{
    let operation = operation?;
    let mut guard = Guard {
        operation: operation.clone(),
        is_over: false,
    };
    let result = operation.await;
    guard.is_over = true;
    result
}

pub(super) trait Cancel {
    fn cancel(&self);
}

impl Cancel for IAsyncAction {
    fn cancel(&self) {
        let _ = self.Cancel();
    }
}

impl<T: RuntimeType> Cancel for IAsyncOperation<T> {
    fn cancel(&self) {
        let _ = self.Cancel();
    }
}

struct Guard<O: Cancel> {
    operation: O,
    is_over: bool,
}

impl<O: Cancel> Drop for Guard<O> {
    fn drop(&mut self) {
        if !self.is_over {
            self.operation.cancel();
        }
    }
}
