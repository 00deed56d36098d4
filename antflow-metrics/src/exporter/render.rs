use std::sync::{Arc, Mutex, PoisonError};

use metrics::{Key, Recorder};
use metrics_exporter_prometheus::LabelSet;
use metrics_exporter_prometheus::formatting::{
    write_help_line, write_metric_line, write_type_line,
};

use super::recorder::{ExporterRecorder, Series};

/// The media type of what is rendered.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

type Update = Box<dyn Fn() + Send + Sync>;

/// What is rendered: a recorder, and what is to be done before.
pub(super) struct Source {
    recorder: Arc<ExporterRecorder>,
    updates: Mutex<Vec<Update>>,
}

impl Source {
    pub(super) fn new(recorder: Arc<ExporterRecorder>) -> Self {
        Self {
            recorder,
            updates: Mutex::default(),
        }
    }

    pub(super) fn recorder(&self) -> Arc<dyn Recorder + Send + Sync> {
        Arc::clone(&self.recorder) as _
    }

    pub(super) fn on_render(&self, update: Update) {
        let mut updates = self.updates.lock().unwrap_or_else(PoisonError::into_inner);
        updates.push(update);
    }

    pub(super) fn render(&self) -> String {
        // Held while they are called: two scrapes at a time must not update at a time.
        let updates = self.updates.lock().unwrap_or_else(PoisonError::into_inner);
        for update in &*updates {
            update();
        }
        drop(updates);
        let mut text = self.recorder.rest().render();
        let series = self.recorder.histograms();
        for family in series.chunk_by(|(one, _), (next, _)| one.name() == next.name()) {
            write_family(&mut text, family);
        }
        text
    }
}

/// Writes the series of one name as the library writes its own, with a blank line at the end.
fn write_family(text: &mut String, family: &[(Key, Series)]) {
    let Some((_, Series { metric, .. })) = family.first() else {
        return;
    };
    // No units here: they are in the names.
    write_help_line(text, metric.name, None, None, metric.help);
    write_type_line(text, metric.name, None, None, "histogram");
    for (key, series) in family {
        let labels = LabelSet::from_key_and_global(key, &Default::default());
        write_series(text, metric.name, &labels, series);
    }
    text.push('\n');
}

fn write_series(text: &mut String, name: &str, labels: &LabelSet, series: &Series) {
    let histogram = &series.histogram;
    let counts = histogram.cumulative();
    let bounds = histogram.bounds().iter().map(f64::to_string);
    for (bound, count) in bounds.chain(["+Inf".to_owned()]).zip(&counts) {
        let le = Some(("le", bound));
        write_metric_line(text, name, Some("bucket"), labels, le, count, None);
    }
    let none = None::<(_, &str)>;
    write_metric_line(text, name, Some("sum"), labels, none, histogram.sum(), None);
    let count = counts.last().copied().unwrap_or_default();
    write_metric_line(text, name, Some("count"), labels, none, count, None);
}
