use antflow::stage;

#[stage]
async fn tick() -> u32 {
    0
}

fn main() {}
