use super::control::Control;
use crate::cluster::handler::{CancelCause, Ended};
use crate::cluster::protocol::Failure;
use crate::cluster::store::Finish;

/// Why an attempt did not come to its end.
#[derive(Debug)]
pub(super) enum Halt {
    /// It was cancelled; and what the handler said to it, if it said something.
    Cancelled(Option<String>),
    /// It failed.
    Failed(Failure),
}

/// What the store is told about the end of an attempt.
#[derive(Debug)]
pub(super) enum Outcome {
    Finished(Box<Finish>),
    Failed(Failure),
    Cancelled,
    Released(String),
    /// Nothing: the lease is held no more.
    Lost,
}

impl Halt {
    /// What it means that a part of the attempt ended in this way.
    pub(super) fn of(ended: Ended, control: &Control) -> Self {
        match ended {
            Ended::Cancelled(text) if control.cancellation.is_cancelled() => {
                Self::Cancelled(Some(text))
            }
            ended => Self::Failed(ended.into_failure()),
        }
    }

    /// What the store is told.
    pub(super) fn outcome(self, control: &Control) -> Outcome {
        if control.cancellation.is_lost() {
            return Outcome::Lost;
        }
        let reason = control.cancellation.reason();
        let cause = reason.as_ref().map(|reason| reason.cause);
        let why = reason.map_or_else(String::new, |reason| reason.reason);
        let said = match &self {
            Self::Cancelled(text) => text.clone(),
            Self::Failed(failure) => Some(Ended::Failed(failure.clone()).text()),
        };
        let with_said = || match said {
            Some(said) if said != "cancelled" => format!("{why}; the handler said: {said}"),
            _ => why.clone(),
        };
        match (self, cause) {
            (_, Some(CancelCause::Timeout)) => {
                Outcome::Failed(Failure::transient("timeout", with_said()))
            }
            (_, Some(CancelCause::Shutdown | CancelCause::LeaseExpired)) => {
                Outcome::Released(with_said())
            }
            (Self::Failed(failure), _) => Outcome::Failed(failure),
            (Self::Cancelled(_), Some(CancelCause::Signal | CancelCause::Flag)) => {
                Outcome::Cancelled
            }
            (Self::Cancelled(text), _) => {
                let ended = Ended::Cancelled(text.unwrap_or(why));
                Outcome::Failed(ended.into_failure())
            }
        }
    }
}
