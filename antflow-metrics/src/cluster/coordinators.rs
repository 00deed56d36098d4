use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use antflow::cluster::Role;
use antflow::cluster::coordinator::{CoordinatorStats, CoordinatorView};
use antflow::cluster::state::{NodeState, RunState};
use antflow::cluster::store::{Starving, StoreCounts, StoreError};
use metrics::{Counter, Gauge, Recorder};

use super::values::Values;
use super::{Settings, describe_all};
use crate::labels;
use crate::names::coordinator as names;
use crate::recording::{Labels, Total, count};

/// The coordinators that have not ended, and what is recorded of them.
#[derive(Default)]
pub(super) struct Coordinators {
    running: Vec<Coordinator>,
    series: Option<Series>,
}

/// A coordinator, and how far its numbers were counted.
struct Coordinator {
    view: CoordinatorView,
    counted: Counted,
}

#[derive(Default)]
struct Counted {
    reaped: Total,
    events: [Total; 2],
    functions: [Total; 3],
    purged: Total,
    store_errors: Total,
    restarts: Total,
}

struct Series {
    /// By [`RunState::ALL`].
    runs: Vec<(RunState, Gauge)>,
    nodes: Values<RoleNodes>,
    workers: Gauge,
    outbox: Gauge,
    outbox_age: Gauge,
    dead_letters: Gauge,
    last_look: Gauge,
    reaped: Counter,
    /// In the order of [`labels::event::ALL`].
    events: [Counter; 2],
    /// In the order of [`labels::function::ALL`].
    functions: [Counter; 3],
    functions_running: Gauge,
    /// In the order of [`labels::WARNINGS`].
    warnings: [Counter; 6],
    purged: Counter,
    store_errors: Counter,
    restarts: Counter,
}

/// The nodes of one role, or of all beyond those that have series of their own.
struct RoleNodes {
    states: Vec<(NodeState, Level)>,
    starving: Level,
}

/// A gauge whose value is added up first.
struct Level {
    gauge: Gauge,
    value: u64,
}

/// How much of what there was in the store.
pub(super) struct Look {
    counts: StoreCounts,
    starving: Vec<Starving>,
    outbox_age: Duration,
}

/// Asks the store.
pub(super) async fn look(view: &CoordinatorView) -> Result<Look, StoreError> {
    let store = view.store();
    let counts = store.counts().await?;
    let starving = store.starving().await?;
    let outbox_age = match counts.outbox_since {
        Some(since) => store.now().await?.since(since),
        None => Duration::ZERO,
    };
    Ok(Look {
        counts,
        starving,
        outbox_age,
    })
}

impl Coordinators {
    pub(super) fn begin(&mut self, view: CoordinatorView, settings: &Settings) {
        if self.series.is_none() {
            self.series = Some(settings.record(Series::register));
        }
        self.running.push(Coordinator {
            view,
            counted: Counted::default(),
        });
        self.collect();
    }

    pub(super) fn warned(&mut self, code: &str) {
        let place = labels::WARNINGS.iter().position(|known| *known == code);
        if let (Some(series), Some(place)) = (&self.series, place) {
            series.warnings[place].increment(1);
        }
    }

    /// The store did not say how much of what there is.
    pub(super) fn missed(&mut self) {
        if let Some(series) = &self.series {
            series.store_errors.increment(1);
        }
        self.collect();
    }

    /// Sets what is in the store.
    pub(super) fn set(&mut self, look: &Look, settings: &Settings) {
        if let Some(series) = &mut self.series {
            series.set(look, settings);
            if let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) {
                series.last_look.set(now.as_secs_f64());
            }
        }
    }

    /// Records what the coordinators have counted since this was called before. After the last one, nothing is known of
    /// the store.
    pub(super) fn collect(&mut self) {
        let Some(series) = &mut self.series else {
            return;
        };
        let were_running = !self.running.is_empty();
        let mut functions = 0;
        self.running.retain_mut(|coordinator| {
            // Asked first: one that ends in between is looked at once more.
            let has_ended = coordinator.view.has_ended();
            let stats = coordinator.view.stats();
            coordinator.counted.count(&stats, series);
            if !has_ended {
                functions += stats.functions_active;
            }
            !has_ended
        });
        series.functions_running.set(functions as f64);
        if were_running && self.running.is_empty() {
            series.clear();
        }
    }
}

impl Counted {
    fn count(&mut self, stats: &CoordinatorStats, series: &Series) {
        self.reaped.count(stats.reaped, &series.reaped);
        count(&mut self.events, [stats.said, stats.unsaid], &series.events);
        let functions = [
            stats.functions_finished,
            stats.functions_failed,
            stats.functions_lost,
        ];
        count(&mut self.functions, functions, &series.functions);
        self.purged.count(stats.purged, &series.purged);
        self.store_errors
            .count(stats.store_errors, &series.store_errors);
        self.restarts.count(stats.restarts, &series.restarts);
    }
}

impl Series {
    fn register(recorder: &dyn Recorder) -> Self {
        describe_all(recorder);
        let of = Labels::none(recorder);
        let runs = RunState::ALL.map(|state| {
            let of = of.and(labels::STATE, state.as_str());
            (state, of.gauge(names::RUNS))
        });
        Self {
            runs: runs.into(),
            nodes: Values::default(),
            workers: of.gauge(names::WORKERS_ONLINE),
            outbox: of.gauge(names::OUTBOX_EVENTS),
            outbox_age: of.gauge(names::OUTBOX_AGE_SECONDS),
            dead_letters: of.gauge(names::DEAD_LETTERS),
            last_look: of.gauge(names::LAST_LOOK_TIMESTAMP_SECONDS),
            reaped: of.counter(names::LEASES_REAPED_TOTAL),
            events: of.counters(names::EVENTS_TOTAL, labels::event::ALL),
            functions: of.counters(names::FUNCTIONS_TOTAL, labels::function::ALL),
            functions_running: of.gauge(names::FUNCTIONS_RUNNING),
            warnings: of.counters_by(labels::CODE, names::WARNINGS_TOTAL, labels::WARNINGS),
            purged: of.counter(names::PURGED_TOTAL),
            store_errors: of.counter(names::STORE_ERRORS_TOTAL),
            restarts: of.counter(names::RESTARTS_TOTAL),
        }
    }

    fn set(&mut self, look: &Look, settings: &Settings) {
        let Look {
            counts,
            starving,
            outbox_age,
        } = look;
        for (state, gauge) in &self.runs {
            let runs = counts.runs.get(state.as_str()).copied();
            gauge.set(runs.unwrap_or(0) as f64);
        }
        for (role, states) in &counts.nodes {
            self.nodes_of(role, settings).add(states);
        }
        for starving in starving {
            let nodes = self.nodes_of(&starving.role, settings);
            nodes.starving.value += starving.nodes;
        }
        self.set_nodes();
        self.workers.set(counts.workers as f64);
        self.outbox.set(counts.outbox as f64);
        self.outbox_age.set(outbox_age.as_secs_f64());
        self.dead_letters.set(counts.dead_letters as f64);
    }

    fn nodes_of(&mut self, role: &Role, settings: &Settings) -> &mut RoleNodes {
        self.nodes.of(role.as_str(), settings.values, |role| {
            settings.record(|recorder| RoleNodes::register(recorder, role))
        })
    }

    /// Shows what was added up, and begins again at 0.
    fn set_nodes(&mut self) {
        for nodes in self.nodes.iter_mut() {
            nodes.starving.show();
            nodes.states.iter_mut().for_each(|(_, level)| level.show());
        }
    }

    fn clear(&mut self) {
        self.runs.iter().for_each(|(_, gauge)| gauge.set(0.0));
        self.set_nodes();
        for gauge in [
            &self.workers,
            &self.outbox,
            &self.outbox_age,
            &self.dead_letters,
        ] {
            gauge.set(0.0);
        }
    }
}

impl RoleNodes {
    fn register(recorder: &dyn Recorder, role: String) -> Self {
        let of = Labels::new(recorder, labels::ROLE, role);
        let states = NodeState::ALL.into_iter().filter(|it| !it.is_terminal());
        Self {
            states: states
                .map(|state| {
                    let of = of.and(labels::STATE, state.as_str());
                    (state, Level::new(of.gauge(names::NODES)))
                })
                .collect(),
            starving: Level::new(of.gauge(names::NODES_STARVING)),
        }
    }

    fn add(&mut self, counts: &BTreeMap<String, u64>) {
        for (state, level) in &mut self.states {
            level.value += counts.get(state.as_str()).copied().unwrap_or(0);
        }
    }
}

impl Level {
    fn new(gauge: Gauge) -> Self {
        Self { gauge, value: 0 }
    }

    fn show(&mut self) {
        self.gauge.set(std::mem::take(&mut self.value) as f64);
    }
}
