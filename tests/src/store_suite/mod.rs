//! What every store has to do, whatever its engine: the cases that [`store_suite!`](macro@crate::store_suite) makes tests
//! of.
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
pub mod leases;
pub mod runs;
pub mod tells;

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
        the_nodes_of_one_run_are_given_to_who_asks_for_them
        a_node_is_given_to_whoever_fits
        those_come_first_that_are_urgent_and_wait_long
        deferred_nodes_come_back_in_their_turn
        limits_hold_for_all_and_for_each_role
        concurrent_claims_give_each_node_once_within_limits;
    leases:
        leases_are_extended_and_losses_are_named
        a_lease_that_nobody_extends_is_reaped
        leases_are_reaped_in_pages
        a_late_worker_goes_on_unless_it_was_reaped
        a_node_that_loses_its_workers_fails_in_the_end
        a_worker_that_starts_again_goes_on_in_its_epoch
        a_cancelled_node_is_resumed_to_be_ended;
    commits:
        a_batch_takes_effect_once
        whoever_lost_its_lease_is_refused
        after_the_end_nothing_is_written
        a_commit_is_whole_or_not_there
        batches_leave_none_or_many_artifacts
        wrong_requests_are_refused
        a_checkpoint_outlives_its_epoch
        a_node_that_has_to_end_still_commits
        cursors_only_move_on;
    artifacts:
        they_are_read_in_pages_to_their_end
        pages_are_bounded_by_bytes
        shares_have_each_artifact_once
        the_end_of_the_input_is_exact;
    ends:
        the_last_end_ends_the_run
        parents_that_finish_at_once_see_each_other
        an_end_is_whole_or_not_there
        a_failure_is_tried_again_until_tries_are_used_up
        pauses_grow_and_progress_gives_new_tries
        a_failing_run_ends_those_that_still_run
        a_cancelled_run_ends_with_its_nodes
        a_run_that_nobody_works_on_is_cancelled_at_once
        a_node_that_has_to_end_ends_in_any_way
        what_is_given_back_is_ready_at_once
        no_two_events_have_the_same_id;
    runs:
        a_run_is_submitted_once
        what_nobody_has_is_not_there
        input_is_appended_once_and_closed
        cancelled_input_takes_nothing
        children_wait_for_as_many_parents_as_asked_for
        runs_and_batches_are_listed_in_pages
        old_runs_are_removed_whole;
    tells:
        events_are_taken_held_and_said
        only_events_of_the_same_node_wait
        however_many_wait_the_next_ones_are_given_at_once
        what_cannot_be_said_becomes_a_dead_letter
        dead_letters_are_kept_and_listed
        old_events_are_removed
        workers_come_are_missed_and_go
        nodes_that_nobody_can_take_are_named;
}
