use antflow::{pipeline, stage};

struct Order {
    customer: u64,
}

#[stage(workers = 4, key = customer)]
async fn ship(order: Order) -> u64 {
    order.customer
}

fn customer(id: &u64) -> u64 {
    *id
}

fn main() {
    let _ = pipeline!(ship);
}
