//! What every engine of clusters has to do right: the scenarios C1 to C20, as cases that
//! [`cluster_scenarios!`](macro@crate::cluster_scenarios) makes tests of.
//!
//! A case gets a [`Ground`]: [engines] on which nothing is there yet, and to which everybody in the case connects as a
//! process of its own does. Time is real, as that of servers is. So waits are short and bounds are generous; what
//! waits for something waits until it is so, and handlers wait at [gates](probe::Gates). Leases hold for long, except
//! where their end is what the case is about. Times are compared by the store's clock.

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "cases are the bodies of tests: they panic to say what is wrong"
)]

pub mod broker;
pub mod bus_faults;
pub mod cancels;
pub mod checkpoints;
pub mod database;
pub mod engines;
pub mod ground;
pub mod leases;
pub mod numbers;
mod outages;
pub mod outbox;
pub mod poison;
pub mod probe;
pub mod reading;
pub mod retries;
pub mod starts;
mod turns;
pub mod workers;

pub use ground::Ground;

/// Lists cases once, and makes a macro that makes tests of them.
macro_rules! cases {
    ($d:tt $(#[$doc:meta])* $name:ident: $($module:ident: $($case:ident)*;)*) => {
        $(#[$doc])*
        #[macro_export]
        macro_rules! $name {
            ($d make:path) => {
                $(mod $module {
                    $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $case() {
                        $crate::scenarios::$module::$case($d make().await).await;
                    })*
                })*
            };
        }
    };
}

cases! { $
    /// Makes a test of each case; `$make` is an async function that gives a fresh
    /// [`Ground`](crate::scenarios::Ground).
    cluster_scenarios:
    leases:
        heartbeats_keep_a_lease_and_an_old_one_extends_nothing
        the_run_of_a_dead_worker_goes_on_elsewhere_within_one_and_a_half_leases
        a_process_that_stood_still_writes_nothing_when_it_goes_on
        several_coordinators_end_a_lease_once;
    checkpoints:
        a_worker_that_died_and_starts_again_goes_on_in_the_same_epoch
        what_is_committed_is_skipped_though_nobody_heard_of_the_commit
        a_checkpoint_is_durable_when_saving_returns_outlives_its_worker_and_goes_at_the_end;
    cancels:
        a_signal_stops_a_run_before_a_look_would
        a_flag_in_the_store_stops_a_run_without_the_bus
        a_lease_that_is_lost_or_over_stops_its_run
        a_worker_that_shuts_down_gives_back_what_it_has
        a_handler_that_does_not_care_is_cut_off_at_its_grace
        nodes_that_run_wait_or_never_started_all_end_cancelled
        a_node_whose_worker_is_lost_is_cancelled_at_the_grace;
    bus_faults:
        a_bus_that_repeats_everything_starts_nothing_twice
        a_bus_that_loses_everything_holds_up_nothing_for_good
        posts_that_are_late_and_out_of_order_change_no_number
        a_message_that_comes_again_is_known_until_it_is_forgotten;
    outbox:
        an_event_that_the_bus_refuses_is_said_again_before_those_behind_it
        an_event_that_the_bus_never_takes_is_a_dead_letter_and_can_be_tried_again
        an_event_that_nobody_could_note_is_said_twice_and_known_by_its_id
        a_store_that_is_away_loses_nothing_and_ends_no_loop
        what_happens_while_no_coordinator_runs_is_said_by_the_next_one
        coordinators_that_start_again_leave_healthy_runs_in_their_epoch
        several_coordinators_say_each_event_and_run_each_function_once;
    poison:
        what_nobody_understands_is_a_dead_letter_and_ends_no_loop
        a_payload_beyond_the_limit_is_refused_with_its_reason
        an_event_that_is_too_large_for_the_bus_holds_up_no_other_one;
    starts:
        a_streaming_child_starts_at_the_first_batch_and_another_one_at_the_end
        any_starts_after_one_parent_count_after_as_many_and_all_after_the_last
        of_streaming_parents_as_many_as_asked_for_must_have_their_first_batch;
    reading:
        chunks_are_the_same_in_every_run_and_every_retry
        without_a_list_each_artifact_is_one_item
        more_than_ten_thousand_batches_are_consumed_once_each
        what_is_written_just_before_the_end_is_read
        what_is_written_while_an_answer_is_under_way_is_read;
    retries:
        retries_end_after_as_many_as_the_policy_says
        a_permanent_reason_is_not_retried_and_what_comes_after_is_cancelled
        the_numbers_of_batches_are_counted_once_over_all_attempts;
    workers:
        each_node_goes_to_one_worker_of_its_role_and_all_are_used
        limits_hold_over_all_workers_and_runs
        one_slow_batch_among_forty_holds_up_no_other_one
        workers_say_who_they_are_how_they_are_and_that_they_leave
        who_falls_silent_counts_as_offline_and_is_warned_of
        a_handler_is_cleaned_up_whatever_becomes_of_its_run;
    numbers:
        sums_of_runs_side_by_side_are_exact;
}

cases! { $
    /// Makes a test of each case in which the server of the store crashes; `$make` is an async function that gives a
    /// fresh [`Ground`](crate::scenarios::Ground) on a server that no other test uses.
    database_outages:
    database:
        a_database_that_crashes_and_comes_back_loses_nothing;
}

cases! { $
    /// Makes a test of each case in which the server of the bus crashes; `$make` is an async function that gives a
    /// fresh [`Ground`](crate::scenarios::Ground) on a server that no other test uses.
    broker_outages:
    broker:
        a_broker_that_crashes_and_comes_back_loses_nothing;
}
