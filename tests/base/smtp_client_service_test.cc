// Mail by real servers: with and without TLS and passwords, refused, cut off.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/smtp_client.h"
#include "tests/support/mail_server.h"
#include "tests/support/proxy.h"

namespace lochan {
namespace {

constexpr std::string_view kPerson = "lochan:p%40ss:word@";

class MailTest : public testing::Test {
 protected:
  Mail mail() const {
    Mail mail;
    mail.from = "lochan@example.com";
    mail.to = {address_};
    mail.subject = "mart.sales failed";
    mail.body = "why: no such column\n";
    mail.at = parse_instant("2026-11-21 03:46:00+00");
    mail.id = "17.42@example.com";
    return mail;
  }
  TransferLimits limits() const { return {.certificates = mail_servers().certificate}; }
  std::string error(const std::string& url, const Mail& message) const {
    try {
      send_mail(parse_smtp_url(url), message, limits());
    } catch (const Error& caught) {
      return fmt::format("{}: {}", to_string(caught.kind()), caught.message());
    }
    return "nothing was thrown";
  }

  const std::string address_ = new_address();
};

TEST_F(MailTest, GoesToServersWithoutTls) {
  send_mail(parse_smtp_url("smtp://" + mail_servers().plain), mail());
  const auto taken = taken_mails(address_);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].from, "lochan@example.com");
  EXPECT_EQ(taken[0].subject, "mart.sales failed");
  EXPECT_EQ(taken[0].text, "why: no such column\r\n");
  EXPECT_EQ(taken[0].id, "<17.42@example.com>");
  EXPECT_FALSE(taken[0].had_tls);
  EXPECT_THAT(taken[0].defects, testing::IsEmpty());
}

TEST_F(MailTest, SignsInByStarttls) {
  send_mail(parse_smtp_url(fmt::format("smtp://{}{}", kPerson, mail_servers().starttls)), mail(), limits());
  const auto taken = taken_mails(address_);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_TRUE(taken[0].had_tls);
  EXPECT_EQ(taken[0].user, "lochan");
}

TEST_F(MailTest, SignsInByTls) {
  send_mail(parse_smtp_url(fmt::format("smtps://{}{}", kPerson, mail_servers().tls)), mail(), limits());
  const auto taken = taken_mails(address_);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].user, "lochan");
}

TEST_F(MailTest, TrustsNoStranger) {
  try {
    send_mail(parse_smtp_url(fmt::format("smtps://{}{}", kPerson, mail_servers().tls)), mail());
    FAIL() << "it was sent";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
    EXPECT_THAT(error.hint(), testing::HasSubstr("SSL_CERT_FILE"));
  }
  EXPECT_THAT(taken_mails(address_), testing::IsEmpty());
}

TEST_F(MailTest, ArrivesAsItWasWritten) {
  Mail message = mail();
  message.subject =
      "Łódź: «mart.sales» не обновлена — проверка `not_null_id` не прошла для 12 строк, и это длинная тема";
  message.body = ".\n..two dots\nпричина: строка = 3%\n\n" + std::string(2000, 'x') + " \ntrailing blank \nend";
  send_mail(parse_smtp_url("smtp://" + mail_servers().plain), message);
  const auto taken = taken_mails(address_);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].subject, message.subject);
  std::string text = taken[0].text;
  std::erase(text, '\r');  // mail ends its lines by both
  EXPECT_EQ(text, message.body + "\n");
  EXPECT_THAT(taken[0].defects, testing::IsEmpty());
}

TEST_F(MailTest, TellsWhatTheServerSaid) {
  const std::string url = "smtp://" + mail_servers().plain;
  const std::string begin =
      fmt::format("the mail server `{}` did not take the message: it answered ", mail_servers().plain);
  refuse_mails(451, 1);
  EXPECT_EQ(error(url, mail()), "unavailable: " + begin + "`451 refused as told`");
  refuse_mails(552, 1);
  EXPECT_EQ(error(url, mail()), "data: " + begin + "`552 refused as told`");
}

TEST_F(MailTest, RefusedPasswordIsNotShown) {
  const std::string text = error(fmt::format("smtps://lochan:not-this-one@{}", mail_servers().tls), mail());
  EXPECT_THAT(text, testing::StartsWith("data: "));
  EXPECT_THAT(text, testing::HasSubstr("535"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("not-this-one")));
}

TEST_F(MailTest, OneUnknownAddressDoesNotSilenceTheOthers) {
  Mail message = mail();
  message.to = {"nobody@refused.example", address_};
  const auto refused = send_mail(parse_smtp_url("smtp://" + mail_servers().plain), message);
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].address, "nobody@refused.example");
  EXPECT_EQ(refused[0].answer, "550 no such mailbox");
  EXPECT_EQ(taken_mails(address_).size(), 1u);
  message.to = {"nobody@refused.example"};
  EXPECT_THAT(error("smtp://" + mail_servers().plain, message), testing::StartsWith("data: "));
}

TEST_F(MailTest, CutConnectionIsUnavailable) {
  const Proxy proxy(mail_servers().port());
  const std::string url = proxy.through("smtp://" + mail_servers().plain);
  proxy.cut_after(150);
  EXPECT_THAT(error(url, mail()), testing::StartsWith("unavailable: "));
  proxy.cut();
  EXPECT_THAT(error(url, mail()), testing::StartsWith("unavailable: "));
  proxy.restore();
  EXPECT_EQ(error(url, mail()), "nothing was thrown");
}

}  // namespace
}  // namespace lochan
