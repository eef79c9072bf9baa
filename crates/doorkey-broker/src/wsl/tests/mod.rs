mod order;
mod place;
mod program;

use doorkey::{BrokerAccount, BrokerAccountsRequest, BrokerApplication};
use doorkey::{BrokerInteractiveRequest, BrokerSignOutRequest, BrokerSilentRequest};

fn application() -> BrokerApplication {
    BrokerApplication::new("client", "https://login.example/tenant")
}

fn everybody() -> BrokerAccountsRequest {
    BrokerAccountsRequest::new(application())
}

fn silent() -> BrokerSilentRequest {
    let account = BrokerAccount::new("object.tenant");
    BrokerSilentRequest::new(application(), account, vec!["scope".into()])
}

fn interactive() -> BrokerInteractiveRequest {
    BrokerInteractiveRequest::new(application(), vec!["scope".into()])
}

fn sign_out() -> BrokerSignOutRequest {
    BrokerSignOutRequest::new(application(), BrokerAccount::new("object.tenant"))
}
