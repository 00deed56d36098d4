use antflow::{pipeline, stage};

#[stage]
async fn wrap(item: (T, u32)) -> usize {
    item.1 as usize
}

fn main() {
    let _ = pipeline!(wrap);
}
