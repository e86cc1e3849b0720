#include "simulate/totesys_goods.h"

namespace lochan {
namespace {

using Words = std::string_view;

constexpr TotesysDepartment kDepartments[] = {
    {"Sales", "Manchester"},   {"Purchasing", "Manchester"}, {"Production", "Leeds"},     {"Dispatch", "Leeds"},
    {"Finance", "Manchester"}, {"Facilities", "Manchester"}, {"Communications", "Leeds"}, {"HR", "Leeds"},
};

constexpr TotesysCity kCities[] = {
    {"Manchester", "Greater Manchester", "United Kingdom", "M1 4BT", "+44 161"},
    {"Bristol", "Avon", "United Kingdom", "BS1 5TR", "+44 117"},
    {"Glasgow", "", "United Kingdom", "G2 1DY", "+44 141"},
    {"Kraków", "Małopolskie", "Poland", "31-042", "+48 12"},
    {"Gdańsk", "Pomorskie", "Poland", "80-831", "+48 58"},
    {"Lyon", "Rhône", "France", "69002", "+33 4"},
    {"Lille", "Nord", "France", "59000", "+33 3"},
    {"Hamburg", "", "Germany", "20095", "+49 40"},
    {"Leipzig", "Sachsen", "Germany", "04109", "+49 341"},
    {"Bologna", "Emilia-Romagna", "Italy", "40121", "+39 051"},
    {"Porto", "", "Portugal", "4050-011", "+351 22"},
    {"Valencia", "Comunitat Valenciana", "Spain", "46002", "+34 96"},
    {"Antwerp", "Vlaanderen", "Belgium", "2000", "+32 3"},
    {"Malmö", "Skåne", "Sweden", "211 22", "+46 40"},
    {"Boston", "Massachusetts", "United States", "02108", "+1 617"},
    {"Austin", "Texas", "United States", "78701", "+1 512"},
};

constexpr Words kCurrencies[] = {"GBP", "USD", "EUR"};
constexpr Words kPaymentTypes[] = {"SALES_RECEIPT", "SALES_REFUND", "PURCHASE_PAYMENT", "PURCHASE_REFUND"};
constexpr Words kStreets[] = {
    "Mill Lane",   "Station Road", "Harbour Street", "Canal Side",    "Weaver's Row", "Market Square",
    "Foundry Way", "Orchard Road", "Quarry Hill",    "Chapel Street", "Bobbin Yard",  "Dyers' Court",
};
constexpr Words kMaterials[] = {
    "Cotton", "Linen", "Wool", "Bronze", "Granite", "Rubber", "Steel", "Wooden", "Plastic", "Canvas", "Bamboo", "Cork",
};
constexpr Words kCompanyWords[] = {
    "Northgate",  "Lakeside", "Bluebell", "Hartwell", "Meridian", "Cobalt",  "Fernhill",
    "Silverline", "Oakridge", "Beacon",   "Thistle",  "Marlowe",  "Kestrel", "Juniper",
    "Pennine",    "Windmill", "Amber",    "Trident",  "Saffron",  "Halyard",
};
constexpr Words kCompanyForms[] = {"Ltd", "and Sons", "Group", "LLC", "Trading", "Textiles", "Stores", "Supplies"};

}  // namespace

std::span<const TotesysDepartment> totesys_departments() { return kDepartments; }
std::span<const TotesysCity> totesys_cities() { return kCities; }
std::span<const std::string_view> totesys_currencies() { return kCurrencies; }
std::span<const std::string_view> totesys_payment_types() { return kPaymentTypes; }
std::span<const std::string_view> totesys_streets() { return kStreets; }
std::span<const std::string_view> totesys_materials() { return kMaterials; }
std::span<const std::string_view> company_words() { return kCompanyWords; }
std::span<const std::string_view> company_forms() { return kCompanyForms; }

}  // namespace lochan
