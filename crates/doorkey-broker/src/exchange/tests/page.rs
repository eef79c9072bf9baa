//! The page has every member that is written.

use super::*;
use crate::exchange::reply::{Answer, written};
use doorkey::{Error, ErrorKind, OAuthError};
use serde_json::Value;
use std::collections::BTreeSet;

fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                names.insert(name.clone());
                collect(value, names);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, names)),
        _ => {}
    }
}

#[test]
fn every_member_and_every_operation_stands_in_the_page() {
    let everybody = BrokerAccountsRequest::new(application());
    let sign_out = BrokerSignOutRequest::new(application(), ada());
    let refused = Error::new(ErrorKind::Refused, "no").with_oauth(OAuthError::default());
    let mut documents = vec![
        Question::Accounts(everybody).written(),
        Question::Silent(silent()).written(),
        Question::Interactive(interactive()).written(),
        Question::SignOut(sign_out).written(),
    ];
    for answer in [
        Ok(Answer::Accounts(vec![ada()])),
        Ok(Answer::Token(given())),
        Ok(Answer::Done),
        Err(refused),
    ] {
        documents.push(written(answer).secret().to_owned());
    }
    let mut names = BTreeSet::new();
    for document in documents {
        let document: Value = serde_json::from_str(&document).unwrap();
        collect(&document, &mut names);
        names.extend(document["operation"].as_str().map(str::to_owned));
    }
    assert!(names.len() > 40, "{names:?}");
    let page = include_str!("../../../../../docs/broker-messages.md");
    let section = page.split("\n## WSL").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    for name in names {
        assert!(section.contains(&format!("`{name}`")), "{name}");
    }
}
