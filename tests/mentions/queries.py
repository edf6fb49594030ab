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
"""
QUERIES = [tuple(part.strip() for part in line.split(" | ")) for line in _TABLE.strip().splitlines()]
