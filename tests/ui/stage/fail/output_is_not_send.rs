use std::rc::Rc;

use antflow::{pipeline, stage};

#[stage]
async fn share(text: String) -> Result<Rc<str>, std::io::Error> {
    Ok(text.into())
}

fn main() {
    let _ = pipeline!(share);
}
