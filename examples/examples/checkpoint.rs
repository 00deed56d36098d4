//! How does a run that was cut off go on, with every item at its next stage?

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use antflow::event::Status;
use antflow::{BoxError, Item, State, StatusTracker, pipeline, stage};

type Name = &'static str;

/// What is done lies here, in files or in a database somewhere else. Only the names of the documents travel.
#[derive(Clone, Default)]
struct Office {
    /// At these, the work does not come to an end.
    stuck: &'static [(Name, Name)],
    did: Arc<Mutex<BTreeMap<Name, Vec<Name>>>>,
}

impl Office {
    async fn work(&self, step: Name, document: Name) -> Name {
        if self.stuck.contains(&(step, document)) {
            std::future::pending::<()>().await;
        }
        let mut did = self.did.lock().expect("nothing panics while it is locked");
        did.entry(document).or_default().push(step);
        document
    }

    fn report(&self) -> String {
        let did = self.did.lock().expect("nothing panics while it is locked");
        format!("{did:?}")
    }
}

#[stage]
async fn download(document: Name, office: State<Office>) -> Name {
    office.work("download", document).await
}

#[stage]
async fn convert(document: Name, office: State<Office>) -> Name {
    office.work("convert", document).await
}

#[stage]
async fn publish(document: Name, office: State<Office>) -> Name {
    office.work("publish", document).await
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let items = ["a", "b", "c", "d"].map(|name| Item::new(name).id(name));
    let documents = pipeline!(download >> convert >> publish);

    let stuck = &[("download", "d"), ("convert", "c"), ("publish", "b")];
    let office = Office {
        stuck,
        ..Office::default()
    };
    let tracker = StatusTracker::new();
    let mut events = tracker.subscribe();
    let first = documents
        .clone()
        .with_state(office.clone())
        .observe(tracker);
    let run = first.start()?;
    run.feed(items.clone()).await?;

    // Somewhere else, each entry would be written where it outlives the program.
    let mut checkpoint = Vec::new();
    // More will not come.
    while checkpoint.len() < 6 {
        let event = events.next().await.ok_or("the tracker is gone")?;
        if event.status == Status::Completed {
            checkpoint.push((event.item_id, event.stage));
        }
    }
    run.shutdown().await;
    println!("first run: {}", office.report());

    let office = Office::default();
    let run = documents.with_state(office.clone()).start()?;
    for item in items {
        let last = checkpoint.iter().rfind(|(id, _)| *id == item.value);
        match last.map(|(_, stage)| &**stage) {
            None => run.feed([item]).await?,
            Some("Download") => run.feed_at::<convert>([item]).await?,
            Some("Convert") => run.feed_at::<publish>([item]).await?,
            Some("Publish") => 0,
            Some(stage) => return Err(format!("there is no stage {stage}").into()),
        };
    }
    run.join().await;
    println!("second run: {}", office.report());
    Ok(())
}
