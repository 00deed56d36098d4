use antflow::{pipeline, stage, task};

struct Order;
struct Checked;
struct Priced;
struct Shipped;

#[task]
async fn check(_: Order) -> Checked {
    Checked
}

#[task]
async fn price(_: Order) -> Priced {
    Priced
}

#[task]
async fn ship(_: Priced) -> Shipped {
    Shipped
}

#[stage]
struct Fulfil(check, price, ship);

fn main() {
    let _ = pipeline!(Fulfil);
}
