"""What people type after an @, and the name that they mean: (kind, query, wanted)."""

_TABLE = """
exact | Balance Sheet | Balance Sheet
exact | data dictionary | Data Dictionary
exact | Q4 SALES CHART | Q4 Sales Chart
exact | icon set | Icon Set
exact | user growth | User Growth
exact | readme.md | README.md
exact | a/b test results | A/B Test Results
exact | index.html | index.html
exact | sales by region | Sales by Region
exact | budget vs actuals | Budget vs Actuals
exact | kubernetes node usage | Kubernetes Node Usage
exact | word cloud | Word Cloud
prefix | bala | Balance Sheet
prefix | gloss | Glossary
prefix | weekly st | Weekly Standup Notes
prefix | anomaly d | Anomaly Detection Notebook
prefix | customer seg | Customer Segmentation Query
prefix | q4 sales c | Q4 Sales Chart
prefix | terraf | Terraform State Overview
prefix | choro | Choropleth Map
prefix | vendor com | Vendor Comparison Matrix
prefix | okr tracker | OKR Tracker 2024
prefix | c++ | C++ Style Notes
prefix | c# | C# Migration Guide
prefix | gdpr | GDPR Data Map
prefix | oauth | OAuth Flow Diagram
prefix | load_d | load_data.py
prefix | sales_2023 | sales_2023.csv
word | forecast 2025 | Revenue Forecast 2025
word | dendro | Hierarchical Clustering Dendrogram
word | standup | Weekly Standup Notes
word | runbook | Incident Response Runbook
word | carlo | Monte Carlo Simulation
word | residuals | plot_residuals.png
word | scorecard c | Candidate Scorecard
word | phoenix | Project Phoenix Kickoff
word | outage | Postmortem Database Outage
word | explorer | AWS Cost Explorer Export
word | pareto | Defect Pareto
word | invoicepdf | parseInvoicePDF
word | orders by hour | orders_by_hour.png
word | user orders | getUserOrders
word | checkout button | A/B Test Checkout Button
word | ownership | Code Ownership Map
initials | csq | Customer Segmentation Query
initials | csr | Customer Segmentation Results
initials | mrr | Monthly Recurring Revenue
initials | dau | Daily Active Users
initials | wau | Weekly Active Users
initials | mau | Monthly Active Users
initials | gmv | Gross Merchandise Volume
initials | roas | Return on Ad Spend
initials | cogs | Cost of Goods Sold
initials | pca | Principal Component Analysis
initials | prd | Product Requirements Document
initials | qbr | Quarterly Business Review
initials | nps | Net Promoter Score Trend
initials | clv | Customer Lifetime Value by Cohort
initials | q4sr | Q4 Sales Report
initials | ppk | Project Phoenix Kickoff
initials | nrr | Net Revenue Retention
initials | rfr | Random Forest Results
initials | mql | Marketing Qualified Leads
initials | ddc | Due Diligence Checklist
subsequence | custseg | Customer Segmentation Query
subsequence | blnsht | Balance Sheet
subsequence | qtrtax | Quarterly Tax Estimate
subsequence | kubcost | Kubernetes Cluster Costs
subsequence | dataqual | Data Quality Report
subsequence | mktbud25 | Marketing Budget 2025
subsequence | confmtx | Confusion Matrix
subsequence | apidoc | API Documentation
subsequence | invtemp | Invoice Template
subsequence | empeng | Employee Engagement Survey
subsequence | pentest | Penetration Test Findings
subsequence | swotan | SWOT Analysis
subsequence | montcarl | Monte Carlo Simulation
subsequence | vulscan | Vulnerability Scan
subsequence | cashfcst | Cash Flow Forecast
subsequence | wthrber | Weather Data Berlin
subsequence | neurarch | Neural Network Architecture
subsequence | clintrial | Clinical Trial Enrollment
typo | custmer segmentation query | Customer Segmentation Query
typo | balence sheet | Balance Sheet
typo | kuberentes cluster | Kubernetes Cluster Costs
typo | retrospektive 42 | Sprint Retrospective 42
typo | penatration | Penetration Test Findings
typo | vulnerbility | Vulnerability Scan
typo | stakholder | Stakeholder Map
typo | morgage | Mortgage Calculator
typo | questionaire | Security Questionnaire
typo | dictionnary | Data Dictionary
typo | warehose utilization | Warehouse Utilization
typo | anomoly scores | Anomaly Scores
typo | bayesain | Bayesian Inference Notes
typo | heirarchical | Hierarchical Clustering Dendrogram
typo | gloosary | Glossary
typo | itinarary | Offsite Itinerary
typo | complience | Compliance Checklist
typo | earthqake | Earthquake Magnitudes
typo | nondisclosur agrement | Nondisclosure Agreement
typo | brand guidlines | Brand Guidelines
typo | recievable | Accounts Receivable Aging
typo | depandency graph | Dependency Graph
typo | umsatzprogose | Umsatzprognose
typo | enquete de satifaction | Enquête de satisfaction
transposition | blaance | Balance Sheet
transposition | cutsomer journey | Customer Journey Map
transposition | pyaroll | Payroll Summary
transposition | srpint velocity | Sprint Velocity Chart
transposition | gnatt | Gantt Chart
transposition | wieframes | Wireframes
transposition | hedacount plan | Headcount Plan
transposition | roadmpa 2025 | Product Roadmap 2025
transposition | genoem | Genome Coverage Plot
transposition | secruity audit | Annual Security Audit
transposition | uptmie | Uptime Last 90 Days
transposition | cloud psend | Cloud Spend Breakdown
transposition | ptich deck | Pitch Deck
transposition | fruad | Fraud Detection Rules
transposition | teh reading list | Reading List
transposition | docker imgae | Docker Image Sizes
accents | resume des ventes | Résumé des ventes
accents | umsatzubersicht | Umsatzübersicht 2024
accents | umsatzuebersicht | Umsatzübersicht 2024
accents | kundigungs | Kündigungsquote
accents | kuendigungsquote | Kündigungsquote
accents | strassenkarte zurich | Straßenkarte Zürich
accents | muellabfuhr | Müllabfuhr Termine
accents | previsions | Prévisions budgétaires
accents | donnees meteo | Données météo
accents | presupuesto ano | Presupuesto año próximo
accents | ninos | Niños por región
accents | orcamento | Orçamento anual
accents | sao paulo | São Paulo Clientes
accents | zamowienia | Zamówienia klientów
accents | lodz | Łódź magazyn
accents | zadosti | Žádosti o dovolenou
accents | musteri | Müşteri memnuniyeti
accents | isik | Işık ölçümleri
accents | goteborg | Försäljning Göteborg
accents | kobenhavn | Årsrapport København
accents | koebenhavn | Årsrapport København
accents | smorrebrod | Smørrebrød menu
accents | arsrapport | Årsrapport København
accents | stiri | Știri interne
accents | ho so | Hồ sơ khách hàng
accents | belgie | Verkoopcijfers België
accents | отчет | Отчёт о продажах
accents | емкость | Ёмкость складов
accents | αναλυση | Ανάλυση κόστους
accents | ÉVALUATION | Évaluation des risques
accents | pâlette color | Color Palette
cjk | 客户 | 客户细分查询
cjk | 流失 | 客户流失分析
cjk | 纪要 | 会议纪要
cjk | 漏斗 | 销售漏斗
cjk | 季度销售 | 季度销售报告
cjk | 預測 銷售 | 銷售預測
cjk | 预算 | 年度预算
cjk | 売上 | 売上レポート
cjk | 満足度 | 顧客満足度調査
cjk | レポート | 売上レポート
cjk | データベース | データベース設計
cjk | 予算 | マーケティング予算
cjk | ﾕｰｻﾞｰ | ユーザー分析
cjk | リンゴ | りんごの価格
cjk | 보고서 | 매출 보고서
cjk | 점유율 | 시장 점유율
cjk | 로드맵 | 제품 로드맵
cjk | 현황 재고 | 재고 현황
cjk | ２０２５ 売上 | 売上予測 2025
order | query segmentation customer | Customer Segmentation Query
order | sheet balance | Balance Sheet
order | region revenue | Revenue by Region
order | 2025 budget marketing | Marketing Budget 2025
order | chart sales q4 | Q4 Sales Chart
order | costs warehouse data | Data Warehouse Costs
order | plan launch | 🚀 Launch Plan
order | survey engagement | Employee Engagement Survey
order | sales of region | Sales by Region
order | questions front inter | Interview Questions Frontend
order | ventas informe | Informe de ventas
order | продажах отчет | Отчёт о продажах
order | map journey | Customer Journey Map
order | scan vuln | Vulnerability Scan
order | deck board | Q4 Board Deck
order | export salesforce | Salesforce Export
order | orders hour | orders_by_hour.png
order | 分析 客户 | 客户流失分析
numbers | q3 sales | Q3 Sales Report
numbers | 2022 | Annual Report 2022
numbers | invoice 017 | Invoice 2024-017
numbers | 017 | Invoice 2024-017
numbers | retrospective 43 | Sprint Retrospective 43
numbers | release 2.1 | Release Notes 2.1
numbers | incident 07-02 | Incident Report 2024-07-02
numbers | 20240521 | Meeting Notes 2024-05-21
numbers | experiment 12 | Experiment Log 12
numbers | survey 2023 | Customer Satisfaction Survey 2023
numbers | annual 2024 | Annual Report 2024
numbers | final v3 | report_final_v3.docx
numbers | top 50 | Top 50 Customers
numbers | uptime 90 | Uptime Last 90 Days
numbers | line 3 | Sensor Readings Line 3
numbers | tickets q2 | Customer Support Tickets Q2
numbers | notes 1.9 | Release Notes 1.9
numbers | 2025 roadmap | Product Roadmap 2025
first letter | xustomer journey map | Customer Journey Map
first letter | vloud spend | Cloud Spend Breakdown
first letter | oayroll | Payroll Summary
first letter | mubernetes node | Kubernetes Node Usage
first letter | ptoduct roadmap | Product Roadmap
first letter | wrotein structure | Protein Structure Viewer
first letter | nortgage calc | Mortgage Calculator
first letter | gantt vhart | Gantt Chart
first letter | ensitivity | Interest Rate Sensitivity
first letter | vlossary | Glossary
first letter | dinical trial | Clinical Trial Enrollment
first letter | eather stations | Weather Stations
first letter | risk tegister | Risk Register
first letter | ord cloud | Word Cloud
transposition | chorolpeth | Choropleth Map
transposition | trian_model | train_model.py
transposition | retrosepctive 42 | Sprint Retrospective 42
transposition | penetartion test | Penetration Test Findings
transposition | vaccniation | Vaccination Rates
transposition | dnedrogram | Hierarchical Clustering Dendrogram
transposition | bayseian | Bayesian Inference Notes
transposition | cofnig | config.yaml
transposition | wrokshop | Workshop Agenda
transposition | delviery routes | Delivery Routes Map
transposition | stauts report | Project Status Report
transposition | kyes rotation | API Keys Rotation Guide
transposition | teh wireframes | Wireframes
missing letter | embeding plot | Embedding Space Plot
missing letter | comision calculator | Sales Commission Calculator
missing letter | accuisition | Cost per Acquisition
missing letter | nondisclosure agrement | Nondisclosure Agreement
missing letter | liteature | Literature Review
missing letter | hospial bed | Hospital Bed Occupancy
missing letter | portolio | Stock Portfolio Optimizer
missing letter | abandoment | Checkout Abandonment
missing letter | fulfilment errors | Fulfillment Errors
missing letter | vulnerabilty | Vulnerability Scan
missing letter | docker imge | Docker Image Sizes
missing letter | retrieval evalution | Retrieval Evaluation
doubled letter | inventtory turnover | Inventory Turnover
doubled letter | dissaster recovery | Disaster Recovery Plan
doubled letter | proposall | Research Proposal
doubled letter | marrket size | Market Size Estimate
doubled letter | bouncce rate | Bounce Rate Study
doubled letter | cennsus | Census Tracts
doubled letter | terrraform | Terraform State Overview
doubled letter | payyouts | Affiliate Payouts
typo | anomily detection | Anomaly Detection Notebook
typo | candidete | Candidate Scorecard
typo | calender vacaciones | Calendario de vacaciones
typo | stakehalder | Stakeholder Map
typo | colour palette | Color Palette
typo | headcoubt plan | Headcount Plan
typo | elastisity | Elasticity Study
initials | clvbc | Customer Lifetime Value by Cohort
initials | clvc | Customer Lifetime Value by Cohort
initials | bom | Bill of Materials
initials | tosd | Terms of Service Draft
initials | tos | Terms of Service Draft
initials | aov | Average Order Value
initials | pia | Privacy Impact Assessment
initials | irr | Incident Response Runbook
initials | hbo | Hospital Bed Occupancy
initials | tbdf | Tableau de bord français
accents | ubersicht umsatz | Umsatzübersicht 2024
accents | groessenverteilung | Größenverteilung
accents | grossenverteilung | Größenverteilung
accents | strasenkarte | Straßenkarte Zürich
accents | strassenkarte zuerich | Straßenkarte Zürich
accents | zurich | Straßenkarte Zürich
accents | oeffnungszeiten | Öffnungszeiten
accents | schlusseluebergabe | Schlüsselübergabe
accents | gehaltsabrechnung maerz | Gehaltsabrechnung März
accents | smoerrebroed | Smørrebrød menu
accents | okonomi | Økonomi oversigt
accents | aarsrapport | Årsrapport København
accents | zamowienia klientow | Zamówienia klientów
accents | isik olcumleri | Işık ölçümleri
accents | IŞIK | Işık ölçümleri
accents | satis raporu | Satış raporu
accents | danh gia nhan vien | Đánh giá nhân viên
accents | ho so khach hang | Hồ sơ khách hàng
accents | tyontekijat | Työntekijät
accents | vyrocni zprava | Výroční zpráva
accents | island ferda | Ísland ferðaáætlun
accents | resume ventes | Résumé des ventes
accents | hebergement | Coûts d'hébergement
accents | couts dhebergement | Coûts d'hébergement
accents | evenements a venir | Événements à venir
accents | espanola | Población española
cjk | 留存 | 用户留存曲线
cjk | 客户 流失 | 客户流失分析
cjk | 流失分析 | 客户流失分析
cjk | 图表 | 市场份额图表
cjk | 财务 2024 | 财务报表 2024
cjk | 库存 | 库存周转率
cjk | 計画 | プロジェクト計画
cjk | 第3四半期 | グラフ 第3四半期
cjk | オフィス | 東京オフィス
cjk | 시장점유율 | 시장 점유율
cjk | 설문 | 사용자 설문
cjk | продаж | Отчёт о продажах
cjk | ПРОГНОЗ | Прогноз выручки
cjk | сотрудников список | Список сотрудников
cjk | протакол | Протокол совещания
cjk | витрати | Звіт про витрати
cjk | їжа | Їжа та напої
cjk | πωλησεων | Αναφορά πωλήσεων
cjk | πόλη | Πελάτες ανά πόλη
cjk | المبيعات | تقرير المبيعات
cjk | العملاء | قائمة العملاء
cjk | לקוחות | רשימת לקוחות
cjk | रिपोर्ट | बिक्री रिपोर्ट
cjk | ยอดขาย | รายงานยอดขาย
signs | 🚀 | 🚀 Launch Plan
signs | ✅ | ✅ Done List
signs | ✅ done | ✅ Done List
signs | 🚀launch | 🚀 Launch Plan
signs | .net | .NET Upgrade
signs | a/b checkout | A/B Test Checkout Button
signs | k-means | K-Means Clusters
signs | profit & loss | Profit and Loss
signs | budget vs. actuals | Budget vs Actuals
signs | chiffre d’affaires | Chiffre d'affaires
signs | "pitch deck" | Pitch Deck
signs | (word cloud) | Word Cloud
numbers | sprint 43 | Sprint Retrospective 43
numbers | retro 41 | Sprint Retrospective 41
numbers | 2024-07-02 | Incident Report 2024-07-02
numbers | 2024-05-21 | Meeting Notes 2024-05-21
numbers | 20240514 | Meeting Notes 2024-05-14
numbers | meeting 05-14 | Meeting Notes 2024-05-14
numbers | invoice 118 | Invoice 2023-118
numbers | annual 2022 | Annual Report 2022
numbers | okr 25 | OKR Tracker 2025
numbers | 2023 survey | Customer Satisfaction Survey 2023
numbers | q2 report | Q2 Sales Report
numbers | tickets q1 | Customer Support Tickets Q1
numbers | experiment 8 | Experiment Log 08
numbers | q4 fore | Q4 Sales Forecast
numbers | jahresabschluss 23 | Jahresabschluss 2023
numbers | 売上 2025 | 売上予測 2025
versions | report v3 | report_final_v3.docx
versions | final v2 | report_final_v2.docx
versions | churn v2 | churnModelV2
versions | release 1.9 | Release Notes 1.9
versions | 2.0 | Release Notes 2.0
versions | .parquet | raw_events.parquet
versions | .yaml | config.yaml
versions | ipv6 | IPv6 Rollout
versions | schema.sql | schema.sql
versions | orders xlsx | cleaned-orders.xlsx
versions | index.htm | index.html
versions | readme | README.md
versions | compose yml | docker-compose.yml
versions | overview.svg | fig1_overview.svg
versions | dark svg | logo-dark.svg
identifiers | getuserorders | getUserOrders
identifiers | get_user_orders | getUserOrders
identifiers | guo | getUserOrders
identifiers | html report | HTMLReportTemplate
identifiers | parse-invoice-pdf | parseInvoicePDF
identifiers | invoice pdf | parseInvoicePDF
identifiers | raw events | raw_events.parquet
identifiers | plot residuals | plot_residuals.png
identifiers | cleaned_orders | cleaned-orders.xlsx
identifiers | load-data | load_data.py
identifiers | userIds | user_ids.csv
identifiers | logoLight | logo-light.svg
identifiers | customer_churn_dashboard | Customer Churn Dashboard
identifiers | customer-interview-notes | Customer Interview Notes
identifiers | slowQueryLog | Slow Query Log
order | region sales | Sales by Region
order | plan launch product | Product Launch Plan
order | forecast flow cash | Cash Flow Forecast
order | log query slow | Slow Query Log
order | metrics email weekly | Weekly Metrics Email
order | map territory | Sales Territory Map
order | model scoring lead | Lead Scoring Model
order | plan floor warehouse | Warehouse Floor Plan
order | notice hold | Legal Hold Notice
order | revenue net | Net Revenue Retention
order | schema database | Database Schema
order, typo | survye employee | Employee Engagement Survey
order, typo | results lod test | Load Test Results
order, typo | costs cluter kubernetes | Kubernetes Cluster Costs
order, typo | matrix confusoin | Confusion Matrix
order, typo | outage databse | Postmortem Database Outage
order, typo | review performence | Performance Review Template
order, typo | license dependancy | Dependency Licenses
order, typo | leak memroy | Memory Leak Investigation
order, typo | policy travle | Travel Policy
order, typo | churn custmer dashboard | Customer Churn Dashboard
order, typo | growth usre | User Growth
beginnings | cus seg q | Customer Segmentation Query
beginnings | cust lif val | Customer Lifetime Value by Cohort
beginnings | q4 sal ch | Q4 Sales Chart
beginnings | mo rec rev | Monthly Recurring Revenue
beginnings | inc resp | Incident Response Runbook
beginnings | ac rec ag | Accounts Receivable Aging
beginnings | dat ret pol | Data Retention Policy
beginnings | kub clu | Kubernetes Cluster Costs
beginnings | gra boo | Gradient Boosting Tuning
beginnings | mon car | Monte Carlo Simulation
beginnings | emp tur | Employee Turnover Rate
beginnings | sup ris | Supplier Risk Assessment
beginnings | rev by reg | Revenue by Region
beginnings | ci e pr | Città e provincia
joined, split | data center | Datacenter Inventory
joined, split | datawarehouse | Data Warehouse Costs
joined, split | heat map checkout | Heatmap Checkout
joined, split | run book | Incident Response Runbook
joined, split | post mortem | Postmortem Template
joined, split | cashflow forecast | Cash Flow Forecast
joined, split | off site | Offsite Itinerary
joined, split | score card | Candidate Scorecard
joined, split | wordcloud | Word Cloud
joined, split | headcountplan | Headcount Plan
joined, split | head count department | Headcount by Department
joined, split | pitchdeck | Pitch Deck
joined, split | on boarding guide | Onboarding Guide
joined, split | ware house utilization | Warehouse Utilization
joined, split | check list due | Due Diligence Checklist
joined, split | backlog grooming notes | Backlog Grooming Notes
abbreviation | mktg budget 2025 | Marketing Budget 2025
abbreviation | qtrly rev | Quarterly Revenue Summary
abbreviation | acct payable | Accounts Payable Schedule
abbreviation | perf bench | Performance Benchmark
abbreviation | docs api | API Documentation
abbreviation | prod roadmap | Product Roadmap
abbreviation | inv turn | Inventory Turnover
abbreviation | emplhandbook | Employee Handbook
abbreviation | hldy schedule | Holiday Schedule
abbreviation | cmpttr pricing | Competitor Pricing
abbreviation | knwldg base | Knowledge Base Audit
abbreviation | swt anlysis | SWOT Analysis
two typos | recievable ageing | Accounts Receivable Aging
two typos | stakholder mpa | Stakeholder Map
two typos | penatration tset | Penetration Test Findings
two typos | vunerability scna | Vulnerability Scan
two typos | hierachical clusterring | Hierarchical Clustering Dendrogram
two typos | logisitc regresion | Logistic Regression Coefficients
two typos | elektricity price | Electricity Prices
two typos | insuranse claim | Insurance Claims Triangle
two typos | compettitor pricng | Competitor Pricing
"""
QUERIES = [tuple(part.strip() for part in line.split(" | ")) for line in _TABLE.strip().splitlines()]
