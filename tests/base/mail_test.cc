#include "base/mail.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/smtp_url.h"

namespace lochan {
namespace {

Mail small_mail() {
  return {.from = "lochan@example.com",
          .to = {"a@example.com", "b@example.com"},
          .subject = "failed",
          .body = "one\n.two\n",
          .at = parse_instant("2026-11-01 03:46:07+00"),
          .id = "1@example.com"};
}

TEST(Mail, HasTheHeadersOfAMessage) {
  EXPECT_EQ(compose_mail(small_mail()),
            "Date: Sun, 1 Nov 2026 03:46:07 +0000\r\n"
            "From: lochan@example.com\r\n"
            "To: a@example.com,\r\n b@example.com\r\n"
            "Subject: failed\r\n"
            "Message-ID: <1@example.com>\r\n"
            "Auto-Submitted: auto-generated\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n"
            "\r\n"
            "one\r\n.two\r\n");
}

TEST(Mail, LineBreakInASubjectMakesNoHeader) {
  Mail mail = small_mail();
  mail.subject = "failed\r\nBcc: everyone@example.com";
  EXPECT_NE(compose_mail(mail).find("Subject: failed  Bcc: everyone@example.com\r\n"), std::string::npos);
}

TEST(Mail, EveryLineIsShort) {
  Mail mail = small_mail();
  mail.subject = std::string(400, 'x') + "ż";
  mail.body = std::string(3000, '=') + "ż\n";
  const std::string text = compose_mail(mail);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find("\r\n", begin);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end - begin, 90u);
    begin = end + 2;
  }
}

TEST(Mail, AddressesAreChecked) {
  for (const char* good : {"a@b", "data+lake@example.com", "o'neil@example.com"})
    EXPECT_TRUE(is_mail_address(good)) << good;
  for (const char* bad : {"", "a", "@b", "a@", "a@b@c", "a b@c", "a@b>", "a@b\r\nRCPT TO:<x@y>", "ż@b"})
    EXPECT_FALSE(is_mail_address(bad)) << bad;
}

TEST(SmtpUrl, SaysServerAndPerson) {
  const SmtpServer signed_in = parse_smtp_url("smtp://data%40example.com:p@ss%3Aword@mail.example.com");
  EXPECT_EQ(signed_in.user, "data@example.com");
  EXPECT_EQ(signed_in.password, "p@ss:word");
  EXPECT_EQ(signed_in.address(), "mail.example.com:587");
  EXPECT_EQ(parse_smtp_url("smtp://mail").port, 25);
  EXPECT_EQ(parse_smtp_url("smtps://mail/").port, 465);
  EXPECT_EQ(parse_smtp_url("smtps://u:p@[::1]:2465").address(), "[::1]:2465");
}

TEST(SmtpUrl, RefusesWhatIsNone) {
  for (const char* url :
       {"http://mail", "smtp://", "smtp://mail:0", "smtp://mail:70000", "smtp://mail:x", "smtp://@mail",
        "smtp://mail/path", "smtp://[::1", "smtp://u%0d:p@mail", "smtp://u%zz@mail"}) {
    try {
      parse_smtp_url(url);
      FAIL() << url;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Usage) << url;
    }
  }
}

}  // namespace
}  // namespace lochan
