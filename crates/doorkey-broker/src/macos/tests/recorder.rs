//! A Mac that writes down what it is asked.

use super::super::{
    extension::Extension,
    messages::{Authorization, Availability, Failure, Interface, Program, Reply},
    system::{Progress, System},
};
use super::CORRELATION;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::sync::{mpsc::UnboundedSender, oneshot};

#[derive(Clone)]
pub(super) struct Recorder {
    // Shared with the test that reads the calls, and with each call.
    state: Arc<Mutex<State>>,
}

struct State {
    calls: Vec<String>,
    answers: VecDeque<Result<Reply, Failure>>,
    program: Program,
    /// `None` is never said.
    availability: Option<Availability>,
    unsaid: Vec<oneshot::Sender<Availability>>,
    main_thread: MainThread,
    waiting: VecDeque<(usize, UnboundedSender<Progress>)>,
    begun: usize,
    answered: Vec<usize>,
}

/// Who runs what is dispatched to the main thread.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum MainThread {
    /// An event loop of the program's.
    Running,
    /// Whoever waits for the reply.
    Ours,
    /// Nobody.
    Asleep,
    /// Whoever waits for the reply, but within something else, so that it does nothing.
    Busy,
    /// An event loop, and a person who never ends.
    Thinking,
    /// One that forgets what it was asked.
    Forgetful,
}

impl Recorder {
    pub(super) fn answering(answers: impl IntoIterator<Item = Reply>) -> Self {
        Self::with(answers.into_iter().map(Ok))
    }

    pub(super) fn failing(failure: Failure) -> Self {
        Self::with([Err(failure)])
    }

    pub(super) fn with(answers: impl IntoIterator<Item = Result<Reply, Failure>>) -> Self {
        let state = State {
            calls: Vec::new(),
            answers: answers.into_iter().collect(),
            program: Program::default(),
            availability: Some(Availability::Ready),
            unsaid: Vec::new(),
            main_thread: MainThread::Running,
            waiting: VecDeque::new(),
            begun: 0,
            answered: Vec::new(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Before the other answers.
    pub(super) fn failing_first(self, failure: Failure) -> Self {
        self.state().answers.push_front(Err(failure));
        self
    }

    pub(super) fn program(self, program: Program) -> Self {
        self.state().program = program;
        self
    }

    pub(super) fn available(self, availability: Option<Availability>) -> Self {
        self.state().availability = availability;
        self
    }

    pub(super) fn main_thread(self, main_thread: MainThread) -> Self {
        self.state().main_thread = main_thread;
        self
    }

    pub(super) fn extension(&self) -> Extension<Self> {
        Extension::new(self.clone())
    }

    /// What has been asked, one line each.
    pub(super) fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn answer(&self, number: usize, progress: &UnboundedSender<Progress>) {
        let answer = {
            let mut state = self.state();
            state.answered.push(number);
            state.answers.pop_front().unwrap()
        };
        for step in [Progress::Begun, Progress::Done(answer)] {
            assert!(progress.send(step).is_ok());
        }
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Recorder")
    }
}

/// Notes that it was dropped before its answer.
pub(super) struct Call {
    recorder: Recorder,
    number: usize,
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut state = self.recorder.state();
        if !state.answered.contains(&self.number) {
            state.calls.push("cancel".into());
        }
    }
}

fn shown(authorization: &Authorization) -> String {
    let interface = match authorization.interface {
        Interface::Disabled => "silently".to_owned(),
        Interface::Enabled(None) => "asking".to_owned(),
        Interface::Enabled(Some(window)) => format!("asking before {window}"),
    };
    let mut shown = format!("{} {interface}", authorization.operation);
    for (name, value) in &authorization.options {
        match *name {
            "correlation_id" if value == CORRELATION => shown.push_str(" correlated"),
            // One is as random as another.
            "broker_key" if value.len() == 43 => shown.push_str(" keyed"),
            "client_version" if value == env!("CARGO_PKG_VERSION") => {}
            "msg_protocol_ver" if value == "4" => {}
            _ => shown.push_str(&format!(" {name}={value}")),
        }
    }
    shown
}

impl System for Recorder {
    type Call = Call;

    fn program(&self) -> Program {
        self.state().program.clone()
    }

    fn availability(&self) -> oneshot::Receiver<Availability> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.state();
        match state.availability {
            Some(availability) => assert!(sender.send(availability).is_ok()),
            None => state.unsaid.push(sender),
        }
        receiver
    }

    fn perform(&self, authorization: Authorization, progress: UnboundedSender<Progress>) -> Call {
        let (main_thread, number) = {
            let mut state = self.state();
            state.calls.push(shown(&authorization));
            state.begun += 1;
            (state.main_thread, state.begun)
        };
        match main_thread {
            MainThread::Running => self.answer(number, &progress),
            MainThread::Forgetful => drop(progress),
            MainThread::Ours | MainThread::Asleep | MainThread::Busy => {
                self.state().waiting.push_back((number, progress));
            }
            MainThread::Thinking => {
                assert!(progress.send(Progress::Begun).is_ok());
                self.state().waiting.push_back((number, progress));
            }
        }
        Call {
            recorder: self.clone(),
            number,
        }
    }

    fn is_on_main_thread(&self) -> bool {
        let main_thread = self.state().main_thread;
        matches!(main_thread, MainThread::Ours | MainThread::Busy)
    }

    fn turn_main_loop(&self) {
        if self.state().main_thread == MainThread::Busy {
            return;
        }
        let waiting = self.state().waiting.pop_front();
        if let Some((number, progress)) = waiting {
            self.answer(number, &progress);
        }
    }
}
