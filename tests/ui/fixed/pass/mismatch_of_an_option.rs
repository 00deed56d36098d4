use antflow::{pipeline, stage};

struct Page(String);

// ANCHOR: fix
#[stage]
async fn find(name: String) -> Result<Page, String> {
    if name.is_empty() {
        return Err("no page without a name".to_owned());
    }
    Ok(Page(name))
}
// ANCHOR_END: fix

#[stage]
async fn parse(page: Page) -> usize {
    page.0.len()
}

fn main() {
    let _ = pipeline!(find >> parse);
}
