use super::WorkerMetrics;

/// How the work of a stage is spread over its workers.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StageLoad {
    /// The stage's name.
    pub stage_name: String,
    /// How many workers had a share.
    pub workers: usize,
    /// The smallest number of items that one of them handled.
    pub least_items: u64,
    /// The largest number of items that one of them handled.
    pub most_items: u64,
    /// How many items they handled on average.
    pub average_items: f64,
    /// Which part of the run they worked on average, from 0 to 1.
    pub utilization: f64,
}

impl StageLoad {
    /// How the work of each stage is spread, in the order in which the stages first come.
    ///
    /// ```
    /// use antflow::{StageLoad, pipeline, stage};
    ///
    /// #[stage(workers = 2)]
    /// async fn double(x: u32) -> u32 {
    ///     x * 2
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let run = pipeline!(double).start()?;
    /// run.feed(0..100).await?;
    /// run.join().await;
    /// let loads = StageLoad::of(&run.worker_metrics());
    /// assert_eq!(loads[0].average_items, 50.0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn of(metrics: &[WorkerMetrics]) -> Vec<Self> {
        let mut loads: Vec<Self> = Vec::new();
        for worker in metrics {
            let items = worker.items_processed + worker.items_failed;
            let name = worker.worker.stage();
            match loads.iter_mut().find(|load| load.stage_name == name) {
                Some(load) => load.add(items, worker.utilization()),
                None => loads.push(Self {
                    stage_name: name.to_owned(),
                    workers: 1,
                    least_items: items,
                    most_items: items,
                    average_items: items as f64,
                    utilization: worker.utilization(),
                }),
            }
        }
        loads
    }

    fn add(&mut self, items: u64, utilization: f64) {
        let before = self.workers as f64;
        let mean = |mean: f64, value: f64| (mean * before + value) / (before + 1.0);
        self.average_items = mean(self.average_items, items as f64);
        self.utilization = mean(self.utilization, utilization);
        self.least_items = self.least_items.min(items);
        self.most_items = self.most_items.max(items);
        self.workers += 1;
    }

    /// How much more than its share the busiest worker handled: 1 if all handled the same, 2 if it handled twice the
    /// average. 1 if there were no items.
    #[must_use]
    pub fn imbalance(&self) -> f64 {
        if self.average_items == 0.0 {
            return 1.0;
        }
        self.most_items as f64 / self.average_items
    }
}
