// Real mail servers for tests: started by tests/services/smtp.sh if they aren't running.
#pragma once

#include <string>
#include <vector>

namespace lochan {

struct TakenMail {
  std::string from;
  std::vector<std::string> to;
  bool had_tls = false;
  std::string user;
  std::string subject;
  std::string id;
  std::string text;
  std::vector<std::string> defects;  // what a mail reader finds wrong with its form
};

/// Where they listen: "127.0.0.1:25587".
struct MailServers {
  std::string plain;
  std::string starttls;  // and the password `p@ss:word` of `lochan`
  std::string tls;       // the same
  std::string certificate;
  int port() const;  // of the first
};
const MailServers& mail_servers();

/// The messages to this address that were taken, oldest first.
std::vector<TakenMail> taken_mails(const std::string& to);
/// So many of the next messages are refused with this code.
void refuse_mails(int code, int times);
/// An address that no other test writes to.
std::string new_address();

}  // namespace lochan
