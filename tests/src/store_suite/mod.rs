//! What every store has to do, whatever its engine: the cases that [`store_suite!`](crate::store_suite) makes tests of.
//!
//! A case gets a [`Bench`]: an empty store whose clock stands still until the case moves it.

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    unused_must_use,
    reason = "cases are the bodies of tests: they panic to say what is wrong, and nobody waits for hints"
)]

pub mod artifacts;
pub mod bench;
pub mod claims;
pub mod commits;
pub mod ends;
pub mod runs;

pub use bench::{Bench, Engine};

/// Lists the cases once, and makes the macro that makes tests of them.
macro_rules! cases {
    ($d:tt $($module:ident: $($case:ident)*;)*) => {
        /// Makes a test of each case of the suite; `$make` is an async function that makes a fresh
        /// [`Bench`](crate::store_suite::Bench).
        #[macro_export]
        macro_rules! store_suite {
            ($d make:path) => {
                $(mod $module {
                    $(#[tokio::test]
                    async fn $case() {
                        $crate::store_suite::$module::$case($d make().await).await;
                    })*
                })*
            };
        }
    };
}

cases! { $
    claims:
        a_ready_node_is_given_once_with_all_it_needs
        a_node_is_given_to_whoever_fits;
    commits:
        a_batch_takes_effect_once
        whoever_lost_its_lease_is_refused;
    artifacts:
        they_are_read_behind_a_cursor_to_their_end;
    ends:
        the_last_end_ends_the_run
        a_failure_is_tried_again_until_tries_are_used_up
        a_cancelled_run_ends_with_its_nodes
        a_lease_that_nobody_extends_is_reaped
        a_worker_that_starts_again_goes_on_in_its_epoch;
    runs:
        a_run_is_submitted_once
        input_is_appended_once_and_closed;
}
