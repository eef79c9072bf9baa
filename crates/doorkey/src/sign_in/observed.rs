use crate::{
    error::Result,
    options::{PromptOutcome, SignInObserver, SignInPrompt},
};

/// A question to a person, whose end the observer learns whatever happens to it.
pub(crate) struct Observed<'a> {
    observer: Option<&'a dyn SignInObserver>,
}

impl<'a> Observed<'a> {
    pub(crate) fn begin(observer: Option<&'a dyn SignInObserver>, prompt: &SignInPrompt) -> Self {
        if let Some(observer) = observer {
            observer.prompt_began(prompt);
        }
        Self { observer }
    }

    pub(crate) fn end<T>(mut self, outcome: Result<T>) -> Result<T> {
        if let Some(observer) = self.observer.take() {
            observer.prompt_ended(&match &outcome {
                Ok(_) => PromptOutcome::SignedIn,
                Err(error) => PromptOutcome::Failed(error.clone()),
            });
        }
        outcome
    }
}

impl Drop for Observed<'_> {
    fn drop(&mut self) {
        if let Some(observer) = self.observer.take() {
            observer.prompt_ended(&PromptOutcome::Cancelled);
        }
    }
}
