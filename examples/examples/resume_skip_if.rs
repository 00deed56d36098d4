//! How does a second run leave out what the first one has done, without a checkpoint?

use std::io;
use std::path::PathBuf;

use antflow::{BoxError, Item, State, pipeline, stage};

#[derive(Debug, Clone)]
struct Document {
    folder: PathBuf,
    name: &'static str,
}

impl Document {
    fn file(&self, kind: &str) -> PathBuf {
        self.folder.join(self.name).with_extension(kind)
    }
}

/// What is done is seen from what is there, as `make` does it.
async fn is_downloaded(document: &Document) -> bool {
    document.file("html").exists()
}

async fn is_converted(document: &Document) -> bool {
    document.file("txt").exists()
}

#[stage(skip_if = is_downloaded)]
async fn download(document: Document) -> io::Result<Document> {
    let page = format!("<p>{}</p>", document.name);
    tokio::fs::write(document.file("html"), page).await?;
    Ok(document)
}

/// Whether the converter is at work today.
#[derive(Clone, Copy)]
struct Converter(bool);

#[stage(skip_if = is_converted)]
async fn convert(
    document: Document,
    State(converter): State<Converter>,
) -> Result<Document, BoxError> {
    if !converter.0 {
        return Err("the converter is off".into());
    }
    let page = tokio::fs::read_to_string(document.file("html")).await?;
    let text = page.replace("<p>", "").replace("</p>", "");
    tokio::fs::write(document.file("txt"), text).await?;
    Ok(document)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    for (title, converter) in [
        ("first", Converter(false)),
        ("second", Converter(true)),
        ("third", Converter(true)),
    ] {
        let run = pipeline!(download >> convert)
            .with_state(converter)
            .start()?;
        let documents = ["ants", "bees", "moths"].map(|name| {
            let folder = folder.path().to_owned();
            Item::new(Document { folder, name }).id(name)
        });
        run.feed(documents).await?;
        run.join().await;
        for stage in run.stats().stage_stats {
            println!(
                "{title} run, {}: {} completed, {} skipped, {} failed",
                stage.stage_name, stage.completed_items, stage.skipped_items, stage.failed_items
            );
        }
    }
    Ok(())
}
